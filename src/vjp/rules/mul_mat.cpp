// MUL_MAT: y[m, n] = sum over k of a[n, k] * b[m, k], per batch; `a` (source 0: a weight, keys or values)
// is repeated over the batches of `b` (source 1) that share it.
// db[m, k] = sum over n of dy[m, n] * a[n, k];  da[n, k] = sum over m of dy[m, n] * b[m, k].
// Rounding of `b` inside a quantised product is taken as the identity.

#include "gemm/gemm.hpp"
#include "vjp/pull.hpp"
#include "vjp/weights.hpp"

namespace llmx::vjp {

namespace {

bool is_weight(const Node& node) {
    return node.source(0).role == engine::TensorRole::weight && node.source(0).is_root();
}

SavedValues saved(const Node& node) {
    SavedValues needed;
    if (node.wants(1) && !is_weight(node)) needed = needed | SavedValues::source(0);
    if (node.wants(0)) needed = needed | SavedValues::source(1);
    return needed;
}

/// Rows [first, last) of one batch of dy that are not all zero.
struct LiveRows {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

LiveRows live_rows(const float* dy, std::int64_t leading, std::int64_t rows, std::int64_t columns) {
    LiveRows live{0, rows};
    while (live.last > live.first && all_zero(dy + (live.last - 1) * leading, columns)) --live.last;
    while (live.first < live.last && all_zero(dy + live.first * leading, columns)) ++live.first;
    return live;
}

/// The same view with all rows in one batch, if the rows are evenly spaced.
template <class T>
TensorView<T> flattened(const TensorView<T>& view) {
    const bool even = (view.shape[1] == 1 || view.strides[1] == view.shape[2] * view.strides[2]) &&
                      (view.shape[0] == 1 || view.strides[0] == view.shape[1] * view.strides[1]);
    if (!even) return view;
    return {view.data, {1, 1, view.rows(), view.columns()}, {0, 0, view.strides[2], view.strides[3]}};
}

void fill_dead_rows(const TensorView<float>& db, std::int64_t i0, std::int64_t i1, LiveRows live) {
    for (std::int64_t m = 0; m < db.shape[2]; ++m) {
        if (m < live.first || m >= live.last) std::fill_n(db.row(i0, i1, m), db.columns(), 0.0F);
    }
}

/// db through a weight matrix: nearly all the cost of a reverse pass.
void pull_through_weight(Pull& pull) {
    const engine::TensorInfo& weight = pull.node().source(0);
    const Sink sink = pull.sink(1);
    const std::int64_t n = weight.shape[2];
    const std::int64_t matrices = weight.shape[0] * weight.shape[1];
    const TensorView<float> db = matrices == 1 ? flattened(sink.view) : sink.view;
    // dy is dense, so it folds the same way
    const TensorView<const float> dy =
        dense_view(pull.dy().data, Shape{db.shape[0], db.shape[1], db.shape[2], n});
    for (std::int64_t i0 = 0; i0 < db.shape[0]; ++i0) {
        for (std::int64_t i1 = 0; i1 < db.shape[1]; ++i1) {
            const LiveRows live = live_rows(dy.row(i0, i1, 0), n, db.shape[2], n);
            if (sink.fresh) fill_dead_rows(db, i0, i1, live);
            const std::int64_t m = live.last - live.first;
            if (m == 0) continue;
            const std::int64_t batch =
                i0 * weight.shape[0] / db.shape[0] * weight.shape[1] + i1 * weight.shape[1] / db.shape[1];
            pull.weights().multiply(weight, batch,
                                    {m, dy.row(i0, i1, live.first), n, sink.fresh ? 0.0F : 1.0F,
                                     db.row(i0, i1, live.first), db.strides[2]},
                                    pull.threads());
        }
    }
}

void pull_b(Pull& pull) {
    const TensorView<const float> dy = pull.dy();
    const TensorView<const float> a = pull.x(0);
    const Sink sink = pull.sink(1);
    const std::int64_t repeat0 = dy.shape[0] / a.shape[0];
    const std::int64_t repeat1 = dy.shape[1] / a.shape[1];
    parallel_blocks(pull.threads(), dy.shape[0] * dy.shape[1], [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t batch = first; batch < last; ++batch) {
            const std::int64_t i0 = batch / dy.shape[1];
            const std::int64_t i1 = batch % dy.shape[1];
            const LiveRows live = live_rows(dy.row(i0, i1, 0), dy.strides[2], dy.shape[2], dy.columns());
            if (sink.fresh) fill_dead_rows(sink.view, i0, i1, live);
            if (live.last == live.first) continue;
            gemm::multiply(live.last - live.first, a.columns(), a.shape[2],
                           {dy.row(i0, i1, live.first), dy.strides[2]},
                           {a.row(i0 / repeat0, i1 / repeat1, 0), a.strides[2]}, sink.fresh ? 0.0F : 1.0F,
                           sink.view.row(i0, i1, live.first), sink.view.strides[2], 1);
        }
    });
}

void pull_a(Pull& pull) {
    const TensorView<const float> dy = pull.dy();
    const TensorView<const float> b = pull.x(1);
    const Sink sink = pull.sink(0);
    const TensorView<float> da = sink.view;
    const std::int64_t repeat0 = dy.shape[0] / da.shape[0];
    const std::int64_t repeat1 = dy.shape[1] / da.shape[1];
    parallel_blocks(pull.threads(), da.shape[0] * da.shape[1], [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t batch = first; batch < last; ++batch) {
            const std::int64_t a0 = batch / da.shape[1];
            const std::int64_t a1 = batch % da.shape[1];
            bool fresh = sink.fresh;
            for (std::int64_t r = 0; r < repeat0 * repeat1; ++r) {
                const std::int64_t i0 = a0 * repeat0 + r / repeat1;
                const std::int64_t i1 = a1 * repeat1 + r % repeat1;
                const LiveRows live = live_rows(dy.row(i0, i1, 0), dy.strides[2], dy.shape[2], dy.columns());
                if (live.last == live.first) continue;
                gemm::multiply(da.shape[2], da.columns(), live.last - live.first,
                               {dy.row(i0, i1, live.first), dy.strides[2], true},
                               {b.row(i0, i1, live.first), b.strides[2]}, fresh ? 0.0F : 1.0F,
                               da.row(a0, a1, 0), da.strides[2], 1);
                fresh = false;
            }
            if (fresh) {
                for (std::int64_t n = 0; n < da.shape[2]; ++n)
                    std::fill_n(da.row(a0, a1, n), da.columns(), 0.0F);
            }
        }
    });
}

void pull(Pull& pull) {
    if (pull.wants(1)) is_weight(pull.node()) ? pull_through_weight(pull) : pull_b(pull);
    if (pull.wants(0)) pull_a(pull);
}

}  // namespace

extern const Rule mul_mat_rule{"MUL_MAT", saved, pull};

}  // namespace llmx::vjp
