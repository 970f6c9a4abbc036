// ROPE: pairs of a row are turned by an angle of the token's position, see rotary.hpp.

#include "vjp/rotary.hpp"

namespace llmx::vjp {

namespace {

void pull(Pull& pull) { pull_rotary(pull, Turn::counter_clockwise); }

}  // namespace

extern const Rule rope_rule{"ROPE", saved_by_rotary, pull, refuses_rotary};

}  // namespace llmx::vjp
