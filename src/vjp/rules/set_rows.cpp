// SET_ROWS: row ids[i] of the destination (source 2, a KV cache) becomes row i of x (source 0); ids are
// source 1. The output is the destination, so its window's gradient is both what comes in and what stays:
// dx[i] += window[ids[i]], then window[ids[i]] = 0, because what stood there before had no influence.
// Going backwards through i, the last of several writes to a row gets its gradient.

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

Keep keep(const Node& node) { return node.wants(0) || node.wants(2) ? Keep::source(1) : Keep::nothing(); }

/// One batch. A transposed V cache is written as rows of one element, where the loop must be bare.
void take_rows(float* dx, std::int64_t dx_step, float* window, std::int64_t window_step,
               const std::int32_t* ids, std::int64_t ids_step, std::int64_t rows, std::int64_t columns) {
    if (columns == 1) {
        for (std::int64_t i = rows - 1; i >= 0; --i) {
            float& from = window[ids[i * ids_step] * window_step];
            if (dx != nullptr) dx[i * dx_step] += from;
            from = 0.0F;
        }
        return;
    }
    for (std::int64_t i = rows - 1; i >= 0; --i) {
        float* from = window + ids[i * ids_step] * window_step;
        if (dx != nullptr) add_scaled(dx + i * dx_step, from, 1.0F, columns);
        std::fill_n(from, columns, 0.0F);
    }
}

void pull(Pull& pull) {
    // The driver gives the window itself, never fresh, as the sink of source 2.
    View<float> dx;
    if (pull.wants(0)) dx = pull.dx(0);
    if (!pull.wants(2)) return;
    const View<float> window = pull.sink(2).view;
    const engine::TensorInfo& x = pull.node().source(0);
    const View<const std::int32_t> ids = pull.indices(1);
    for (std::int64_t i0 = 0; i0 < x.shape[0]; ++i0) {
        for (std::int64_t i1 = 0; i1 < x.shape[1]; ++i1) {
            const std::int32_t* batch_ids = ids.row(0, i0 % ids.shape[1], i1 % ids.shape[2]);
            take_rows(dx ? dx.row(i0, i1, 0) : nullptr, dx.strides[2], window.row(i0, i1, 0),
                      window.strides[2], batch_ids, ids.strides[3], x.shape[2], x.shape[3]);
        }
    }
}

}  // namespace

extern const Rule set_rows_rule{"SET_ROWS", keep, pull, nullptr, true};

}  // namespace llmx::vjp
