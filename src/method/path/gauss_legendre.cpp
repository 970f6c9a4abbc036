// Nodes are the roots of a Legendre polynomial, found by Newton's method.

#include "method/path/gauss_legendre.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace llmx::method {
namespace {

constexpr std::size_t together = 32;  // points whose polynomials are evaluated at a time
using Points = std::array<double, together>;

/// The Legendre polynomial of a degree at 1 - y, and its derivative by y.
struct Legendre {
    Points value, derivative;
};

/// Bonnet's recurrence, of the differences D_k = P_k+1 - P_k: (k + 1) D_k = k D_k-1 - (2k + 1) y P_k. In y,
/// the outermost points keep all their digits.
Legendre legendre(int degree, const Points& y) {
    Points value, difference;
    value.fill(1);
    difference.fill(0);
    for (int k = 0; k < degree; ++k) {
        const double a = (2.0 * k + 1) / (k + 1), b = static_cast<double>(k) / (k + 1);
#pragma omp simd
        for (std::size_t i = 0; i < together; ++i) {
            difference[i] = b * difference[i] - a * y[i] * value[i];
            value[i] += difference[i];
        }
    }
    Points derivative;
    for (std::size_t i = 0; i < together; ++i)  // P_n-1 - x P_n = y P_n - D_n-1
        derivative[i] = -degree * (y[i] * value[i] - difference[i]) / (y[i] * (2 - y[i]));
    return {value, derivative};
}

/// 1 - Tricomi's approximation of the kth root from above, k = 1 ..., to the fourth power of 1 / degree.
double near_root(int degree, int k) {
    const double n = degree;
    const double half_angle = std::numbers::pi * (4 * k - 1) / (8 * n + 4);
    const double beside_one = 2 * std::sin(half_angle) * std::sin(half_angle);  // 1 - cosine
    return beside_one + (n - 1) / (8 * n * n * n) * (1 - beside_one);
}

}  // namespace

std::vector<PathNode> gauss_legendre(int count, const std::function<void()>& go_on) {
    std::vector<PathNode> nodes(static_cast<std::size_t>(count));
    const int half = (count + 1) / 2;  // the others mirror them
    constexpr int most_iterations = 10;
    for (int first = 1; first <= half; first += static_cast<int>(together)) {
        go_on();
        Points y;
        for (std::size_t i = 0; i < together; ++i)
            y[i] = near_root(count, std::min(first + static_cast<int>(i), half));
        Legendre p = legendre(count, y);
        for (int iteration = 0; iteration < most_iterations; ++iteration) {
            double largest = 0;
            for (std::size_t i = 0; i < together; ++i) {
                const double change = p.value[i] / p.derivative[i];
                y[i] -= change;
                largest = std::max(largest, std::abs(change) / y[i]);
            }
            p = legendre(count, y);
            if (largest < 1e-8) break;  // the step that was taken has squared it
        }
        for (std::size_t i = 0; i < together && first + static_cast<int>(i) <= half; ++i) {
            const double weight = 1 / (y[i] * (2 - y[i]) * p.derivative[i] * p.derivative[i]);
            const auto k = static_cast<std::size_t>(first) + i - 1;
            nodes[k] = {y[i] / 2, weight};
            nodes[nodes.size() - 1 - k] = {1 - y[i] / 2, weight};
        }
    }
    return nodes;
}

}  // namespace llmx::method
