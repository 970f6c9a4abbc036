// MEAN: y = the mean of a row of n.  dx[k] = dy / n for every k

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::nothing(); }

void pull(Pull& pull) {
    if (pull.wants(0)) pull_row_sums(pull, 0, 1.0F / static_cast<float>(pull.node().source(0).shape[3]));
}

}  // namespace

extern const Rule mean_rule{"MEAN", saved, pull};

}  // namespace llmx::vjp
