// CUMSUM: y[k] is the sum of x[0..k] within a row.  dx[k] = sum of dy[k..]

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::nothing(); }

void pull(Pull& pull) {
    if (!pull.wants(0)) return;
    const std::int64_t n = pull.dy().columns();
    for_each_row(pull, 0, [n](float* dx, const float* dy, auto...) {
        double sum = 0;
        for (std::int64_t k = n; k-- > 0;) {
            sum += static_cast<double>(dy[k]);
            dx[k] += static_cast<float>(sum);
        }
    });
}

}  // namespace

extern const Rule cumsum_rule{"CUMSUM", saved, pull};

}  // namespace llmx::vjp
