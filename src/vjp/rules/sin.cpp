// SIN: y = sin(x).  dx = cos(x) dy

#include "core/fast_math.hpp"
#include "vjp/elementwise.hpp"

namespace llmx::vjp {

namespace {

Keep keep(const Node&) { return Keep::source(0); }

void pull(Pull& pull) {
    if (pull.wants(0))
        pull_elementwise(pull, pull.x(0), [](float x, float dy) { return fast_sincos(x).cos * dy; });
}

}  // namespace

extern const Rule sin_rule{"SIN", keep, pull};

}  // namespace llmx::vjp
