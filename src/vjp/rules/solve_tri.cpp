// SOLVE_TRI: y = L^-1 b for each batch, L (source 0) lower triangular [n, n], b (source 1) and y [n,
// columns]. db = L^-T dy;  dL = -(lower triangle of db y^T)

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node& node) {
    return SavedValues::source(0) | (node.wants(0) ? SavedValues::result() : SavedValues::nothing());
}

/// db of one batch, from the last row up: [n][columns].
std::vector<float> solve_back(const TensorView<const float>& l, const TensorView<const float>& dy,
                              std::int64_t i0, std::int64_t i1) {
    const std::int64_t n = dy.shape[2];
    const std::int64_t columns = dy.columns();
    const float* first = dy.row(i0, i1, 0);
    std::vector<float> db(first, first + n * columns);
    for (std::int64_t i = n; i-- > 0;) {
        float* row = db.data() + i * columns;
        const float* l_row = l.row(i0, i1, i);
        for (std::int64_t c = 0; c < columns; ++c) row[c] /= l_row[i];
        for (std::int64_t t = 0; t < i; ++t) add_scaled(db.data() + t * columns, row, -l_row[t], columns);
    }
    return db;
}

void pull(Pull& pull) {
    const TensorView<const float> dy = pull.dy();
    const TensorView<const float> l = pull.x(0);
    const TensorView<float> dl = pull.wants(0) ? pull.dx(0) : TensorView<float>{};
    const TensorView<float> db_sink = pull.wants(1) ? pull.dx(1) : TensorView<float>{};
    const TensorView<const float> y = dl ? pull.y() : TensorView<const float>{};
    const std::int64_t n = dy.shape[2];
    const std::int64_t columns = dy.columns();
    parallel_blocks(pull.threads(), dy.shape[0] * dy.shape[1], [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t batch = first; batch < last; ++batch) {
            const std::int64_t i0 = batch / dy.shape[1];
            const std::int64_t i1 = batch % dy.shape[1];
            if (all_zero(dy.row(i0, i1, 0), n * columns)) continue;
            const std::vector<float> db = solve_back(l, dy, i0, i1);
            for (std::int64_t i = 0; i < n; ++i) {
                const float* row = db.data() + i * columns;
                if (db_sink) add_scaled(db_sink.row(i0, i1, i), row, 1.0F, columns);
                for (std::int64_t t = 0; dl && t <= i; ++t)
                    dl.row(i0, i1, i)[t] -= static_cast<float>(dot(row, y.row(i0, i1, t), columns));
            }
        }
    });
}

}  // namespace

extern const Rule solve_tri_rule{"SOLVE_TRI", saved, pull};

}  // namespace llmx::vjp
