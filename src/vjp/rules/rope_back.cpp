// ROPE_BACK: ROPE with its angles negated (not its inverse where it scales), see rotary.hpp.

#include "vjp/rotary.hpp"

namespace llmx::vjp {

namespace {

void pull(Pull& pull) { pull_rotary(pull, Turn::clockwise); }

}  // namespace

extern const Rule rope_back_rule{"ROPE_BACK", saved_by_rotary, pull, refuses_rotary};

}  // namespace llmx::vjp
