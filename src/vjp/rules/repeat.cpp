// REPEAT: y is x side by side and one under another, in all four extents.  dx = sum over the copies of dy

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

Keep keep(const Node&) { return Keep::nothing(); }

void pull(Pull& pull) {
    if (pull.wants(0)) pull_repeated(pull, 0, 1.0F);
}

}  // namespace

extern const Rule repeat_rule{"REPEAT", keep, pull};

}  // namespace llmx::vjp
