#pragma once

#include <llmx/methods.hpp>
#include <llmx/request.hpp>

namespace llmx {

/// Throws what is wrong with a request before any work is done; fills in what was left open
/// (objective, positions, input_shape).
Request checked(const Request& request, const Model& model, const std::vector<Method>& methods);

}  // namespace llmx
