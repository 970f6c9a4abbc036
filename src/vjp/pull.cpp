#include "vjp/pull.hpp"

#include <algorithm>
#include <bit>

namespace llmx::vjp {

bool all_zero(const float* x, std::int64_t n) {
    // A nonzero row usually shows within its first block; only zero rows are read to the end.
    constexpr std::int64_t block = 64;
    for (std::int64_t first = 0; first < n; first += block) {
        const std::int64_t last = std::min(first + block, n);
        std::uint32_t bits = 0;
#pragma omp simd reduction(| : bits)
        for (std::int64_t k = first; k < last; ++k) bits |= std::bit_cast<std::uint32_t>(x[k]);
        if ((bits << 1U) != 0) return false;  // but for the sign: -0 is zero
    }
    return true;
}

void clear(const TensorView<float>& view) {
    if (is_dense(view)) {
        std::fill_n(view.data, view.elements(), 0.0F);
        return;
    }
    for (std::int64_t r = 0; r < view.rows(); ++r) {
        float* row = view.row(r);
        if (view.strides[3] == 1) {
            std::fill_n(row, view.columns(), 0.0F);
        } else {
            for (std::int64_t c = 0; c < view.columns(); ++c) row[c * view.strides[3]] = 0.0F;
        }
    }
}

TensorView<float> Pull::dx(int i) const {
    const Sink target = from_.sink(i);
    if (target.fresh) clear(target.view);
    return target.view;
}

}  // namespace llmx::vjp
