#include "vjp/pull.hpp"

#include <algorithm>

namespace llmx::vjp {

bool all_zero(const float* x, std::int64_t n) {
    // A live row shows within its first elements; only dead rows are read to the end.
    return std::all_of(x, x + n, [](float v) { return v == 0.0F; });
}

void clear(const View<float>& view) {
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

View<float> Pull::dx(int i) const {
    const Sink target = from_.sink(i);
    if (target.fresh) clear(target.view);
    return target.view;
}

}  // namespace llmx::vjp
