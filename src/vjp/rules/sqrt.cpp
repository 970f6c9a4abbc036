// SQRT: y = sqrt(x).  dx = dy / (2 y)

#include "vjp/elementwise.hpp"

namespace llmx::vjp {

namespace {

Keep keep(const Node&) { return Keep::result(); }

void pull(Pull& pull) {
    if (pull.wants(0)) pull_elementwise(pull, pull.y(), [](float y, float dy) { return 0.5F * dy / y; });
}

}  // namespace

extern const Rule sqrt_rule{"SQRT", keep, pull};

}  // namespace llmx::vjp
