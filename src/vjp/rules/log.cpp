// LOG: y = log(x).  dx = dy / x

#include "vjp/elementwise.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::source(0); }

void pull(Pull& pull) {
    if (pull.wants(0)) pull_elementwise(pull, pull.x(0), [](float x, float dy) { return dy / x; });
}

}  // namespace

extern const Rule log_rule{"LOG", saved, pull};

}  // namespace llmx::vjp
