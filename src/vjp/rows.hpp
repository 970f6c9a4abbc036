#pragma once
// Helpers for rows in rules: sums that vectorise, operands repeated over the output (ggml's broadcast).

#include <algorithm>

#include "core/rows.hpp"
#include "vjp/pull.hpp"

namespace llmx::vjp {

/// dx += term(k), k in [0, n), where the source's row of length `columns` is repeated n / columns times.
template <class Term>
[[gnu::always_inline]] inline void fold_row(float* dx, std::int64_t columns, std::int64_t n,
                                            const Term term) {
    if (columns == 1 && n > 1) {
        *dx += static_cast<float>(sum_over(n, term));
        return;
    }
    for (std::int64_t first = 0; first < n; first += columns) {
#pragma omp simd
        for (std::int64_t c = 0; c < columns; ++c) dx[c] += term(first + c);
    }
}

/// For a source that is repeated over the output: body(dx, columns, dy, i0, i1, i2) for each output row
/// whose gradient is not all zero, where dx, of length `columns`, is the source's row under it.
/// All output rows over one source row are visited by one thread, in order.
template <class Body>
void for_each_repeat(const Pull& pull, int source, Body&& body) {
    const Sink sink = pull.sink(source);
    const TensorView<float>& dx = sink.view;
    const TensorView<const float> dy = pull.dy();
    parallel_blocks(pull.threads(), dx.rows(), [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t r = first; r < last; ++r) {
            float* dx_row = dx.row(r);
            if (sink.fresh) std::fill_n(dx_row, dx.columns(), 0.0F);
            const std::int64_t j1 = r / dx.shape[2] % dx.shape[1];
            for (std::int64_t i0 = r / (dx.shape[2] * dx.shape[1]); i0 < dy.shape[0]; i0 += dx.shape[0]) {
                for (std::int64_t i1 = j1; i1 < dy.shape[1]; i1 += dx.shape[1]) {
                    for (std::int64_t i2 = r % dx.shape[2]; i2 < dy.shape[2]; i2 += dx.shape[2]) {
                        const float* dy_row = dy.row(i0, i1, i2);
                        if (!all_zero(dy_row, dy.columns())) body(dx_row, dx.columns(), dy_row, i0, i1, i2);
                    }
                }
            }
        }
    });
}

/// dx of a repeated source += scale * dy: ADD, SUB, REPEAT.
inline void pull_repeated(const Pull& pull, int source, float scale) {
    const std::int64_t n = pull.dy().columns();
    for_each_repeat(pull, source, [=](float* dx, std::int64_t columns, const float* dy, auto...) {
        fold_row(dx, columns, n, [=](std::int64_t k) { return scale * dy[k]; });
    });
}

/// dx[k] += scale * dy for every k of a row that became one number: SUM_ROWS, MEAN.
inline void pull_row_sums(const Pull& pull, int source, float scale) {
    const std::int64_t n = pull.node().source(source).shape[3];
    for_each_row(pull, source, [=](float* dx, const float* dy, auto...) {
        const float slope = scale * *dy;
#pragma omp simd
        for (std::int64_t k = 0; k < n; ++k) dx[k] += slope;
    });
}

/// dx += dy for a source and an output with the same elements in the same order, whatever their shapes: CPY,
/// CONT, DUP.
inline void pull_copied(const Pull& pull, int source) {
    const Sink sink = pull.sink(source);
    const std::int64_t columns = sink.view.columns();
    parallel_blocks(pull.threads(), sink.view.rows(), [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t r = first; r < last; ++r) {
            const float* dy_row = pull.dy().data + r * columns;
            if (sink.fresh) {
                std::copy_n(dy_row, columns, sink.view.row(r));
            } else {
                add_scaled(sink.view.row(r), dy_row, 1.0F, columns);
            }
        }
    });
}

/// dx += part, a window of dy of the source's shape: CONCAT, PAD, SET.
inline void pull_part(const Pull& pull, int source, const TensorView<const float>& part) {
    const Sink sink = pull.sink(source);
    const TensorView<float>& dx = sink.view;
    parallel_blocks(pull.threads(), dx.rows(), [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t r = first; r < last; ++r) {
            if (sink.fresh) {
                std::copy_n(part.row(r), dx.columns(), dx.row(r));
            } else {
                add_scaled(dx.row(r), part.row(r), 1.0F, dx.columns());
            }
        }
    });
}

}  // namespace llmx::vjp
