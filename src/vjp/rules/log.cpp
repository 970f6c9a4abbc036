// LOG: y = log(x).  dx = dy / x

#include "vjp/elementwise.hpp"

namespace llmx::vjp {

namespace {

Keep keep(const Node&) { return Keep::source(0); }

void pull(Pull& pull) {
    if (pull.wants(0)) pull_elementwise(pull, pull.x(0), [](float x, float dy) { return dy / x; });
}

}  // namespace

extern const Rule log_rule{"LOG", keep, pull};

}  // namespace llmx::vjp
