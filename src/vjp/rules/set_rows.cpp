// SET_ROWS: row ids[i] of the destination (source 2, a KV cache) becomes row i of x (source 0); ids are
// source 1. The output is the whole destination window, so the incoming gradient also stays there: dx[i] +=
// dy[ids[i]], then the window's gradient at ids[i] becomes zero, because what was there before had no
// influence. ids do not repeat (ggml's threads would write in any order).

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::source(1); }

/// The ids of one batch of x.
struct Ids {
    const std::int32_t* data;
    std::int64_t step, count;

    Ids(const TensorView<const std::int32_t>& ids, std::int64_t i0, std::int64_t i1)
        : data(ids.row(0, i0 % ids.shape[1], i1 % ids.shape[2])),
          step(ids.strides[3]),
          count(ids.columns()) {}
    std::int64_t operator[](std::int64_t i) const { return data[i * step]; }
};

/// A transposed V cache is written as rows of one element, so this loop must have little overhead.
void gather(float* dx, std::int64_t dx_step, const float* dy, std::int64_t columns, Ids ids) {
    if (columns == 1) {
        for (std::int64_t i = 0; i < ids.count; ++i) dx[i * dx_step] += dy[ids[i]];
        return;
    }
    for (std::int64_t i = 0; i < ids.count; ++i)
        add_scaled(dx + i * dx_step, dy + ids[i] * columns, 1.0F, columns);
}

void forget(float* window, std::int64_t step, std::int64_t columns, Ids ids) {
    for (std::int64_t i = 0; i < ids.count; ++i) std::fill_n(window + ids[i] * step, columns, 0.0F);
}

void pull(Pull& pull) {
    const TensorView<const float> dy = pull.dy();
    const TensorView<const std::int32_t> ids = pull.indices(1);  // [1, batches, batches, rows]
    const TensorView<float> dx = pull.wants(0) ? pull.dx(0) : TensorView<float>{};
    // the destination takes a gradient if something was written to it before
    const TensorView<float> window = pull.wants(2) ? pull.sink(2).view : TensorView<float>{};
    for (std::int64_t i0 = 0; i0 < dy.shape[0]; ++i0) {
        for (std::int64_t i1 = 0; i1 < dy.shape[1]; ++i1) {
            const Ids rows(ids, i0, i1);
            if (dx) gather(dx.row(i0, i1, 0), dx.strides[2], dy.row(i0, i1, 0), dy.columns(), rows);
            if (window) forget(window.row(i0, i1, 0), window.strides[2], dy.columns(), rows);
        }
    }
}

}  // namespace

extern const Rule set_rows_rule{"SET_ROWS", saved, pull, nullptr, true};

}  // namespace llmx::vjp
