#pragma once
// The methods of a request that names none.

#include <llmx/explain_request.hpp>

namespace llmx::request {

inline constexpr const char* automatic = "automatic";

bool is_automatic(const std::vector<Method>& methods);

/// The most faithful maps that a pass and a reverse pass give (docs/faithfulness.md): value_norm, unless the
/// model or a contrast rules it out, and saliency. With a label, or an argument of the original toolbox's
/// gradient, that too; with an argument of its attention, that. `request` is `asked` in tokens.
std::vector<Method> automatic_methods(const Model& model, const ExplainRequest& asked,
                                      const Request& request);

}  // namespace llmx::request
