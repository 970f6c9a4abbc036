// COS: y = cos(x).  dx = -sin(x) dy

#include "core/fast_math.hpp"
#include "vjp/elementwise.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::source(0); }

void pull(Pull& pull) {
    if (pull.wants(0))
        pull_elementwise(pull, pull.x(0), [](float x, float dy) { return -fast_sincos(x).sin * dy; });
}

}  // namespace

extern const Rule cos_rule{"COS", saved, pull};

}  // namespace llmx::vjp
