// CLAMP: y = min(max(x, low), high).  dx = dy where x is within [low, high], else 0

#include "vjp/elementwise.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::source(0); }

void pull(Pull& pull) {
    const float low = pull.node().param_f32(0);
    const float high = pull.node().param_f32(1);
    if (!pull.wants(0)) return;
    pull_elementwise(pull, pull.x(0), [=](float x, float dy) { return x >= low && x <= high ? dy : 0.0F; });
}

}  // namespace

extern const Rule clamp_rule{"CLAMP", saved, pull};

}  // namespace llmx::vjp
