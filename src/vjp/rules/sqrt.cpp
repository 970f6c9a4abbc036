// SQRT: y = sqrt(x).  dx = dy / (2 y)

#include "vjp/elementwise.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::result(); }

void pull(Pull& pull) {
    if (pull.wants(0)) pull_elementwise(pull, pull.y(), [](float y, float dy) { return 0.5F * dy / y; });
}

}  // namespace

extern const Rule sqrt_rule{"SQRT", saved, pull};

}  // namespace llmx::vjp
