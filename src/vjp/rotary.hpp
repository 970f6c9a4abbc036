#pragma once
// Rotary position embedding, in both directions: pairs (u, v) of a row are turned by an angle of the
// token's position, u' = u cos - v sin, v' = u sin + v cos; elements outside the pairs pass.  The gradient
// is turned back: du = du' cos + dv' sin, dv = dv' cos - du' sin.

#include "vjp/pull.hpp"

namespace llmx::vjp {

/// Which way the forward pass turned: ROPE counter-clockwise, ROPE_BACK clockwise.
enum class Turn { counter_clockwise, clockwise };

SavedValues saved_by_rotary(const Node& node);
std::string refuses_rotary(const Node& node);
void pull_rotary(Pull& pull, Turn turn);

}  // namespace llmx::vjp
