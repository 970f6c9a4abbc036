// SUB: y = a - b, b repeated over a in all four extents.
// da = dy;  db = -sum over its repetitions of dy

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::nothing(); }

void pull(Pull& pull) {
    if (pull.wants(0)) pull_copied(pull, 0);
    if (pull.wants(1)) pull_repeated(pull, 1, -1.0F);
}

}  // namespace

extern const Rule sub_rule{"SUB", saved, pull};

}  // namespace llmx::vjp
