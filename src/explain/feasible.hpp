#pragma once

#include <llmx/request.hpp>
#include <span>

#include "explain/estimate.hpp"
#include "method/bound_method.hpp"

namespace llmx {

/// Refuses what can be told from the request's options, the model and the number of units to have no result,
/// so that no work is lost: before an answer is written (`request.output` may be empty), and again with it.
/// Throws Error{usage}, Error{input} or Error{unsupported}. `most`: runs of the model.
void require_feasible(const Request& request, const Model& model,
                      std::span<const method::BoundMethod> methods, double most = most_runs);

/// The same of methods by name.
void require_feasible(const Request& request, const Model& model, const std::vector<Method>& methods,
                      double most = most_runs);

}  // namespace llmx
