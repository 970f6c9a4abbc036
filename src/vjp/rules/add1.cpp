// ADD1: y = a + b with one number b.  da = dy;  db = sum of dy

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

Keep keep(const Node&) { return Keep::nothing(); }

void pull(Pull& pull) {
    if (pull.wants(0)) pull_copied(pull, 0);
    if (pull.wants(1)) pull_repeated(pull, 1, 1.0F);
}

}  // namespace

extern const Rule add1_rule{"ADD1", keep, pull};

}  // namespace llmx::vjp
