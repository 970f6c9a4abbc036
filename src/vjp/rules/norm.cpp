// NORM: y = s (x - mean x) within a row, s = 1 / sqrt(var x + eps).
// dx = s (dy - mean dy - y <y, dy> / n)

#include <cmath>

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::source(0); }

void pull(Pull& pull) {
    if (!pull.wants(0)) return;
    const TensorView<const float> x = pull.x(0);
    const double eps = static_cast<double>(pull.node().param_f32(0));
    const std::int64_t n = x.columns();
    const auto count = static_cast<double>(n);
    for_each_row(pull, 0, [&](float* dx, const float* dy, std::int64_t i0, std::int64_t i1, std::int64_t i2) {
        const float* x_row = x.row(i0, i1, i2);
        const auto mean = static_cast<float>(sum_over(n, [=](std::int64_t k) { return x_row[k]; }) / count);
        const double variance =
            sum_over(n, [=](std::int64_t k) { return (x_row[k] - mean) * (x_row[k] - mean); }) / count;
        const double s = 1.0 / std::sqrt(variance + eps);
        const double mean_dy = sum_over(n, [=](std::int64_t k) { return dy[k]; }) / count;
        const double product = sum_over(n, [=](std::int64_t k) { return (x_row[k] - mean) * dy[k]; });
        const auto scale = static_cast<float>(s);
        const auto shift = static_cast<float>(-s * mean_dy);
        const auto along = static_cast<float>(-s * s * s * product / count);
#pragma omp simd
        for (std::int64_t k = 0; k < n; ++k) dx[k] += scale * dy[k] + shift + along * (x_row[k] - mean);
    });
}

}  // namespace

extern const Rule norm_rule{"NORM", saved, pull};

}  // namespace llmx::vjp
