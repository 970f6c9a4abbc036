#pragma once

#include <llmx/request.hpp>
#include <span>

#include "method/bound_method.hpp"

namespace llmx {

/// Throws what is wrong with a request before any work is done; fills in what was left open
/// (objective, positions, input_shape).
Request checked(const Request& request, const Model& model, std::span<const method::BoundMethod> methods);

}  // namespace llmx
