#include "difference.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace llmx::test {

namespace {

constexpr double wanted_error = 1e-3;  // relative: the ladder ends here
constexpr double sharp_error = 2e-3;

/// (f(h) - f(-h)) / 2h, or nothing where a choice changes on the way.
std::optional<double> central(const Line& line, double h) {
    const Sample above = line(h);
    const Sample below = line(-h);
    if (!above.same || !below.same) return std::nullopt;
    return (above.value - below.value) / (2 * h);
}

Derivative ladder(const Line& line, double roughness) {
    Derivative best;
    std::optional<double> coarse;        // the difference at twice the step
    std::optional<double> extrapolated;  // from it and the one before
    std::optional<double> gap;           // between the last two of these
    for (int k = 2; k <= 13; ++k) {
        const double h = std::ldexp(1.0, -k);
        const std::optional<double> fine = central(line, h);
        if (!fine) ++best.flips;
        std::optional<double> next;
        if (fine && coarse) next = (4 * *fine - *coarse) / 3;
        std::optional<double> closer;
        if (next && extrapolated) closer = std::abs(*next - *extrapolated);
        if (closer && gap) {
            // neighbours may agree by chance: three must, and no closer than rounding allows
            const double error = std::max({*closer, *gap, roughness / h});
            if (!best.found || error < best.error) {
                best.value = *next;
                best.error = error;
                best.found = true;
            }
            if (error <= wanted_error * std::abs(*next) || roughness / h > best.error) break;
        }
        coarse = fine;
        extrapolated = next;
        gap = closer;
    }
    return best;
}

/// Least-squares coefficients of basis functions, and the variance of the first one for values of
/// variance one.
template <std::size_t terms>
struct Fit {
    std::array<double, terms> c{};
    double variance = 0;
    double residual = 0;  ///< root mean square, for the degrees of freedom that are left
};

template <std::size_t terms>
Fit<terms> least_squares(const std::vector<std::array<double, terms>>& rows,
                         const std::vector<double>& values) {
    std::array<std::array<double, terms + 2>, terms> m{};  // normal equations, values, first unit vector
    for (std::size_t r = 0; r < rows.size(); ++r) {
        for (std::size_t i = 0; i < terms; ++i) {
            for (std::size_t j = 0; j < terms; ++j) m[i][j] += rows[r][i] * rows[r][j];
            m[i][terms] += rows[r][i] * values[r];
        }
    }
    m[0][terms + 1] = 1;
    for (std::size_t p = 0; p < terms; ++p) {
        for (std::size_t i = 0; i < terms; ++i) {
            if (i == p) continue;
            const double factor = m[i][p] / m[p][p];
            for (std::size_t j = 0; j < terms + 2; ++j) m[i][j] -= factor * m[p][j];
        }
    }
    Fit<terms> fit;
    for (std::size_t i = 0; i < terms; ++i) fit.c[i] = m[i][terms] / m[i][i];
    fit.variance = m[0][terms + 1] / m[0][0];
    double squares = 0;
    for (std::size_t r = 0; r < rows.size(); ++r) {
        double off = values[r];
        for (std::size_t i = 0; i < terms; ++i) off -= fit.c[i] * rows[r][i];
        squares += off * off;
    }
    fit.residual = std::sqrt(squares / static_cast<double>(rows.size() - terms));
    return fit;
}

/// A fit of (f(h) - f(-h)) / 2 by c1 h + c3 h^3 + c5 h^5 over `points` steps up to `widest`.
Derivative fit(const Line& line, double widest, int points, double roughness) {
    constexpr std::size_t terms = 3;
    Derivative result;
    std::vector<std::array<double, terms>> rows;
    std::vector<double> values;
    for (int i = 1; i <= points; ++i) {
        const double x = static_cast<double>(i) / points;  // h / widest
        const std::optional<double> slope = central(line, x * widest);
        if (!slope) {
            ++result.flips;
            continue;
        }
        rows.push_back({x, x * x * x, x * x * x * x * x});
        values.push_back(*slope * x * widest);
    }
    if (rows.size() < 4 * terms) return result;
    const Fit<terms> made = least_squares(rows, values);
    if (made.residual > 1.5 * roughness) return result;  // bent more than three terms can follow
    result.value = made.c[0] / widest;
    result.error = std::max(made.residual, roughness) * std::sqrt(made.variance) / widest;
    result.found = true;
    return result;
}

}  // namespace

bool Derivative::sharp() const { return found && error <= sharp_error * std::abs(value); }

double roughness(const Line& line) {
    constexpr std::size_t terms = 8;
    double residual = 0;
    bool same = false;
    for (int k = 6; k <= 13 && !same; ++k) {
        std::vector<std::array<double, terms>> rows;
        std::vector<double> values;
        same = true;
        for (int i = -12; i <= 12; ++i) {
            const double x = i / 12.0;
            std::array<double, terms> powers{1};
            for (std::size_t n = 1; n < terms; ++n) powers[n] = x * powers[n - 1];
            const Sample there = line(std::ldexp(x, -k));
            same = same && there.same;
            rows.push_back(powers);
            values.push_back(there.value);
        }
        residual = least_squares(rows, values).residual;
    }
    return residual;
}

Derivative differentiate(const Line& line, double roughness) {
    Derivative best = ladder(line, roughness);
    for (const double widest : {0x1p-6, 0x1p-4, 0.25, 0.5, 1.0}) {
        if (best.sharp()) break;
        if (best.found && roughness / (4 * widest) > best.error) continue;  // could not know better
        Derivative other = fit(line, widest, 48, roughness);
        other.flips += best.flips;
        if (other.found && (!best.found || other.error < best.error)) best = other;
    }
    return best;
}

}  // namespace llmx::test
