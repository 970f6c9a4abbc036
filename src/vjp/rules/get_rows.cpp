// GET_ROWS: row i of y is row ids[i] of x, per batch.
// dx[ids[i]] += dy[i], in order, as ids may repeat. From a weight table nothing flows on: input
// gradients end at y.

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node& node) {
    return node.wants(0) ? SavedValues::source(1) : SavedValues::nothing();
}

void pull(Pull& pull) {
    if (!pull.wants(0)) return;
    const TensorView<const float> dy = pull.dy();
    const TensorView<const std::int32_t> ids = pull.indices(1);  // [1, dy.shape[0], dy.shape[1], dy.shape[2]]
    const TensorView<float> dx = pull.dx(0);
    const std::int64_t n = dy.columns();
    parallel_blocks(pull.threads(), dy.shape[0] * dy.shape[1], [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t batch = first; batch < last; ++batch) {
            const std::int64_t i0 = batch / dy.shape[1];
            const std::int64_t i1 = batch % dy.shape[1];
            for (std::int64_t i2 = 0; i2 < dy.shape[2]; ++i2) {
                add_scaled(dx.row(i0, i1, ids.at(0, i0, i1, i2)), dy.row(i0, i1, i2), 1.0F, n);
            }
        }
    });
}

}  // namespace

extern const Rule get_rows_rule{"GET_ROWS", saved, pull};

}  // namespace llmx::vjp
