#include "method/norm.hpp"

#include <algorithm>
#include <cmath>

namespace llmx::method {

Option norm_option() {
    return {.name = "norm",
            .kind = Option::Kind::choice,
            .default_value = "l2",
            .help = "size of a gradient: l2, l1, max_abs or mean_abs",
            .words = {"l2", "l1", "max_abs", "mean_abs"}};
}

double norm(std::span<const float> values, const std::string& kind) {
    double sum = 0;
    double largest = 0;
    for (const double v : values) {
        sum += kind == "l2" ? v * v : std::abs(v);
        largest = std::max(largest, std::abs(v));
    }
    if (kind == "max_abs") return largest;
    if (kind == "mean_abs") return sum / static_cast<double>(values.size());
    return kind == "l2" ? std::sqrt(sum) : sum;
}

std::span<const float> row_of(const TensorView<const float>& gradient, std::int64_t row) {
    return {gradient.row(row), static_cast<std::size_t>(gradient.columns())};
}

}  // namespace llmx::method
