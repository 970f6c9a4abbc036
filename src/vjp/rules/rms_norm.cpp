// RMS_NORM: y = s x within a row, s = 1 / sqrt(mean(x^2) + eps).
// dx = s dy - x s^3 <x, dy> / n

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
    for_each_row(pull, 0, [&](float* dx, const float* dy, std::int64_t i0, std::int64_t i1, std::int64_t i2) {
        const float* x_row = x.row(i0, i1, i2);
        const double s = 1.0 / std::sqrt(dot(x_row, x_row, n) / static_cast<double>(n) + eps);
        const auto along = static_cast<float>(-s * s * s * dot(x_row, dy, n) / static_cast<double>(n));
        const auto scale = static_cast<float>(s);
#pragma omp simd
        for (std::int64_t k = 0; k < n; ++k) dx[k] += scale * dy[k] + along * x_row[k];
    });
}

}  // namespace

extern const Rule rms_norm_rule{"RMS_NORM", saved, pull};

}  // namespace llmx::vjp
