// MUL: y = a b, b repeated over a in all four extents.
// da = dy b;  db = sum over its repetitions of dy a

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node& node) {
    SavedValues needed;
    if (node.wants(0)) needed = needed | SavedValues::source(1);
    if (node.wants(1)) needed = needed | SavedValues::source(0);
    return needed;
}

void pull_a(Pull& pull) {
    const TensorView<const float> b = pull.x(1);
    const std::int64_t n = pull.dy().columns();
    const std::int64_t columns = b.columns();
    for_each_row(pull, 0, [&](float* dx, const float* dy, std::int64_t i0, std::int64_t i1, std::int64_t i2) {
        const float* b_row = repeated_row(b, i0, i1, i2);
        if (columns == 1) {
            add_scaled(dx, dy, *b_row, n);
            return;
        }
        for (std::int64_t first = 0; first < n; first += columns) {
#pragma omp simd
            for (std::int64_t c = 0; c < columns; ++c) dx[first + c] += dy[first + c] * b_row[c];
        }
    });
}

void pull_b(Pull& pull) {
    const TensorView<const float> a = pull.x(0);
    const std::int64_t n = a.columns();
    for_each_repeat(pull, 1,
                    [&](float* db, std::int64_t columns, const float* dy, std::int64_t i0, std::int64_t i1,
                        std::int64_t i2) {
                        const float* a_row = a.row(i0, i1, i2);
                        fold_row(db, columns, n, [=](std::int64_t k) { return dy[k] * a_row[k]; });
                    });
}

void pull(Pull& pull) {
    if (pull.wants(0)) pull_a(pull);
    if (pull.wants(1)) pull_b(pull);
}

}  // namespace

extern const Rule mul_rule{"MUL", saved, pull};

}  // namespace llmx::vjp
