// SOFT_MAX: y = softmax(s x + slope mask) within a row; an attention sink adds a term to the denominator.
// dx = s y (dy - <y, dy>): mask, ALiBi's slope and sinks are all in y.

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::result(); }

std::string refuses(const Node& node) {
    if (node.wants(1)) return "a mask that is computed from the input";
    if (node.wants(2)) return "attention sinks that are computed from the input";
    return {};
}

void pull(Pull& pull) {
    if (!pull.wants(0)) return;
    const TensorView<const float> y = pull.y();
    const float scale = pull.node().param_f32(0);
    const std::int64_t n = y.columns();
    for_each_row(pull, 0, [&](float* dx, const float* dy, std::int64_t i0, std::int64_t i1, std::int64_t i2) {
        const float* y_row = y.row(i0, i1, i2);
        const auto mean = static_cast<float>(dot(y_row, dy, n));
#pragma omp simd
        for (std::int64_t k = 0; k < n; ++k) dx[k] += scale * y_row[k] * (dy[k] - mean);
    });
}

}  // namespace

extern const Rule soft_max_rule{"SOFT_MAX", saved, pull, refuses};

}  // namespace llmx::vjp
