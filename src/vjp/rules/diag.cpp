// DIAG: each row becomes the diagonal of a matrix.  dx is the diagonal of dy.

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::nothing(); }

void pull(Pull& pull) {
    if (!pull.wants(0)) return;
    const TensorView<const float> dy = pull.dy();
    const TensorView<float> dx = pull.dx(0);  // [batches, batches, 1, n]
    for (std::int64_t i0 = 0; i0 < dy.shape[0]; ++i0) {
        for (std::int64_t i1 = 0; i1 < dy.shape[1]; ++i1) {
            for (std::int64_t k = 0; k < dy.columns(); ++k) dx.row(i0, i1, 0)[k] += dy.row(i0, i1, k)[k];
        }
    }
}

}  // namespace

extern const Rule diag_rule{"DIAG", saved, pull};

}  // namespace llmx::vjp
