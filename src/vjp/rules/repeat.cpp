// REPEAT: y is x side by side and one under another, in all four extents.  dx = sum over the copies of dy

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::nothing(); }

void pull(Pull& pull) {
    if (pull.wants(0)) pull_repeated(pull, 0, 1.0F);
}

}  // namespace

extern const Rule repeat_rule{"REPEAT", saved, pull};

}  // namespace llmx::vjp
