#pragma once
// Operations that work on each element by itself.

#include "vjp/rows.hpp"

namespace llmx::vjp {

/// dx += slope(kept, dy) element by element; `kept` is the source's or the output's value.
template <class Slope>
void pull_elementwise(const Pull& pull, const TensorView<const float>& kept, Slope&& slope) {
    const std::int64_t n = kept.columns();
    for_each_row(pull, 0, [&](float* dx, const float* dy, std::int64_t i0, std::int64_t i1, std::int64_t i2) {
        const float* row = kept.row(i0, i1, i2);
#pragma omp simd
        for (std::int64_t k = 0; k < n; ++k) dx[k] += slope(row[k], dy[k]);
    });
}

}  // namespace llmx::vjp
