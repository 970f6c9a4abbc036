// SQR: y = x^2.  dx = 2 x dy

#include "vjp/elementwise.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::source(0); }

void pull(Pull& pull) {
    if (pull.wants(0)) pull_elementwise(pull, pull.x(0), [](float x, float dy) { return 2.0F * x * dy; });
}

}  // namespace

extern const Rule sqr_rule{"SQR", saved, pull};

}  // namespace llmx::vjp
