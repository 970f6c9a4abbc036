// SUM_ROWS: y = the sum of a row.  dx[k] = dy for every k

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::nothing(); }

void pull(Pull& pull) {
    if (pull.wants(0)) pull_row_sums(pull, 0, 1.0F);
}

}  // namespace

extern const Rule sum_rows_rule{"SUM_ROWS", saved, pull};

}  // namespace llmx::vjp
