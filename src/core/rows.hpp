#pragma once
// Sums and products over rows of floats, and the rows that ggml repeats.

#include <algorithm>
#include <cstdint>

#include "core/tensor_view.hpp"

namespace llmx {

/// Sum of term(k) for k < n: float32 in blocks that vectorise, float64 over the blocks.
/// Inlined by force: a loop that calls its term is ten times slower.
template <class Term>
[[gnu::always_inline]] inline double sum_over(std::int64_t n, const Term term) {
    constexpr std::int64_t block = 512;
    double total = 0;
    for (std::int64_t first = 0; first < n; first += block) {
        const std::int64_t last = std::min(first + block, n);
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (std::int64_t k = first; k < last; ++k) sum += term(k);
        total += static_cast<double>(sum);
    }
    return total;
}

[[gnu::always_inline]] inline double dot(const float* a, const float* b, std::int64_t n) {
    return sum_over(n, [=](std::int64_t k) { return a[k] * b[k]; });
}

/// to += scale * from
inline void add_scaled(float* to, const float* from, float scale, std::int64_t n) {
#pragma omp simd
    for (std::int64_t k = 0; k < n; ++k) to[k] += scale * from[k];
}

/// The row of an operand that ggml repeats over the output's row (i0, i1, i2).
template <class T>
T* repeated_row(const TensorView<T>& operand, std::int64_t i0, std::int64_t i1, std::int64_t i2) {
    return operand.row(i0 % operand.shape[0], i1 % operand.shape[1], i2 % operand.shape[2]);
}

}  // namespace llmx
