#include "original/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace llmx::original {

void min_max(std::span<float> values) {
    if (values.empty()) return;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const float least = *low;
    const float range = *high - least;
    for (float& v : values) v = range == 0.0F ? 0.0F : (v - least) / range;
}

float lower_median(std::span<float> values) {
    const auto middle = values.begin() + (static_cast<std::ptrdiff_t>(values.size()) - 1) / 2;
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

double median(std::span<double> values) {
    const auto upper = values.begin() + static_cast<std::ptrdiff_t>(values.size()) / 2;
    std::nth_element(values.begin(), upper, values.end());
    if (values.size() % 2 == 1) return *upper;
    return (*upper + *std::max_element(values.begin(), upper)) / 2;
}

float rounded(double value, int decimals) {
    const double scale = std::pow(10.0, decimals);
    return static_cast<float>(std::round(value * scale) / scale);
}

}  // namespace llmx::original
