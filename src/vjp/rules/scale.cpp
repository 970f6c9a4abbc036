// SCALE: y = s x + b with constants s, b.  dx = s dy

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::nothing(); }

void pull(Pull& pull) {
    if (!pull.wants(0)) return;
    const float scale = pull.node().param_f32(0);
    const std::int64_t n = pull.dy().columns();
    for_each_row(pull, 0, [=](float* dx, const float* dy, auto...) { add_scaled(dx, dy, scale, n); });
}

}  // namespace

extern const Rule scale_rule{"SCALE", saved, pull};

}  // namespace llmx::vjp
