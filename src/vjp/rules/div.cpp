// DIV: y = a / b, b repeated over a in all four extents.
// da = dy / b;  db = -sum over its repetitions of dy y / b

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node& node) {
    return node.wants(1) ? SavedValues::source(1) | SavedValues::result() : SavedValues::source(1);
}

void pull_a(Pull& pull, const TensorView<const float>& b) {
    const std::int64_t n = pull.dy().columns();
    for_each_row(pull, 0, [&](float* dx, const float* dy, std::int64_t i0, std::int64_t i1, std::int64_t i2) {
        const float* b_row = repeated_row(b, i0, i1, i2);
        for (std::int64_t first = 0; first < n; first += b.columns()) {
#pragma omp simd
            for (std::int64_t c = 0; c < b.columns(); ++c) dx[first + c] += dy[first + c] / b_row[c];
        }
    });
}

void pull_b(Pull& pull, const TensorView<const float>& b) {
    const TensorView<const float> y = pull.y();
    const std::int64_t n = y.columns();
    for_each_repeat(pull, 1,
                    [&](float* db, std::int64_t columns, const float* dy, std::int64_t i0, std::int64_t i1,
                        std::int64_t i2) {
                        const float* b_row = repeated_row(b, i0, i1, i2);
                        const float* y_row = y.row(i0, i1, i2);
                        if (columns == 1) {
                            *db -= static_cast<float>(dot(dy, y_row, n)) / *b_row;
                            return;
                        }
                        for (std::int64_t first = 0; first < n; first += columns) {
#pragma omp simd
                            for (std::int64_t c = 0; c < columns; ++c) {
                                db[c] -= dy[first + c] * y_row[first + c] / b_row[c];
                            }
                        }
                    });
}

void pull(Pull& pull) {
    const TensorView<const float> b = pull.x(1);
    if (pull.wants(0)) pull_a(pull, b);
    if (pull.wants(1)) pull_b(pull, b);
}

}  // namespace

extern const Rule div_rule{"DIV", saved, pull};

}  // namespace llmx::vjp
