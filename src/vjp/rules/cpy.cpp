// CPY: the elements of source 0 in row-major order, written into the window of source 1, in another type
// perhaps.  dx = dy

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::nothing(); }

void pull(Pull& pull) {
    if (pull.wants(0)) pull_copied(pull, 0);
}

}  // namespace

extern const Rule cpy_rule{"CPY", saved, pull};

}  // namespace llmx::vjp
