// CONT: the elements of source 0 in row-major order, written dense, in another shape perhaps.  dx = dy

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::nothing(); }

void pull(Pull& pull) {
    if (pull.wants(0)) pull_copied(pull, 0);
}

}  // namespace

extern const Rule cont_rule{"CONT", saved, pull};

}  // namespace llmx::vjp
