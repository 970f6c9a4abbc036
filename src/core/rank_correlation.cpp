#include "core/rank_correlation.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace llmx {
namespace {

using Order = std::vector<std::size_t>;

Order indices(std::size_t count) {
    Order order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    return order;
}

/// Calls run(first, last) for every maximal run of neighbours in `order` that are `same`.
template <class Same, class Run>
void for_each_run(const Order& order, Same&& same, Run&& run) {
    for (std::size_t first = 0; first < order.size();) {
        std::size_t last = first + 1;
        while (last < order.size() && same(order[first], order[last])) ++last;
        run(first, last);
        first = last;
    }
}

double pairs(std::size_t count) { return static_cast<double>(count) * (static_cast<double>(count) - 1) / 2; }

template <class Same>
double tied_pairs(const Order& order, Same&& same) {
    double tied = 0;
    for_each_run(order, same, [&](std::size_t first, std::size_t last) { tied += pairs(last - first); });
    return tied;
}

/// Sorts `order` by `values`, stably; returns the number of pairs that were in the opposite order.
std::uint64_t count_swaps(Order& order, std::span<const double> values) {
    std::uint64_t swaps = 0;
    Order merged(order.size());
    for (std::size_t width = 1; width < order.size(); width *= 2) {
        for (std::size_t start = 0; start < order.size(); start += 2 * width) {
            const std::size_t middle = std::min(start + width, order.size());
            const std::size_t end = std::min(start + 2 * width, order.size());
            std::size_t left = start;
            std::size_t right = middle;
            for (std::size_t out = start; out < end; ++out) {
                const bool take_right =
                    right < end && (left == middle || values[order[right]] < values[order[left]]);
                if (take_right) swaps += middle - left;
                merged[out] = order[take_right ? right++ : left++];
            }
        }
        order.swap(merged);
    }
    return swaps;
}

std::optional<double> ratio(double numerator, double squared_denominator) {
    if (!(squared_denominator > 0)) return std::nullopt;
    return std::clamp(numerator / std::sqrt(squared_denominator), -1.0, 1.0);
}

}  // namespace

std::vector<double> ranks(std::span<const double> values) {
    Order order = indices(values.size());
    std::stable_sort(order.begin(), order.end(), [&](auto i, auto j) { return values[i] > values[j]; });
    std::vector<double> found(values.size());
    for_each_run(
        order, [&](auto i, auto j) { return values[i] == values[j]; },
        [&](std::size_t first, std::size_t last) {
            const double rank = static_cast<double>(first + last + 1) / 2;
            for (std::size_t i = first; i < last; ++i) found[order[i]] = rank;
        });
    return found;
}

std::optional<double> spearman(std::span<const double> a, std::span<const double> b) {
    std::vector<double> x = ranks(a);
    std::vector<double> y = ranks(b);
    const double mean = (static_cast<double>(a.size()) + 1) / 2;  // of ranks, ties or not
    for (double& rank : x) rank -= mean;
    for (double& rank : y) rank -= mean;
    return cosine(x, y);
}

std::optional<double> kendall(std::span<const double> a, std::span<const double> b) {
    const auto same_a = [&](auto i, auto j) { return a[i] == a[j]; };
    const auto same_b = [&](auto i, auto j) { return b[i] == b[j]; };
    Order order = indices(a.size());
    std::sort(order.begin(), order.end(),
              [&](auto i, auto j) { return a[i] < a[j] || (a[i] == a[j] && b[i] < b[j]); });
    const double all = pairs(a.size());
    const double tied_a = tied_pairs(order, same_a);
    const double tied_both = tied_pairs(order, [&](auto i, auto j) { return same_a(i, j) && same_b(i, j); });
    const auto discordant = static_cast<double>(count_swaps(order, b));
    const double tied_b = tied_pairs(order, same_b);
    return ratio(all - tied_a - tied_b + tied_both - 2 * discordant, (all - tied_a) * (all - tied_b));
}

std::optional<double> cosine(std::span<const double> a, std::span<const double> b) {
    double product = 0;
    double squares_a = 0;
    double squares_b = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        product += a[i] * b[i];
        squares_a += a[i] * a[i];
        squares_b += b[i] * b[i];
    }
    return ratio(product, squares_a * squares_b);  // scores are float32, so far inside a double's range
}

}  // namespace llmx
