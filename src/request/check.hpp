#pragma once

#include <llmx/explain_request.hpp>

namespace llmx::request {

/// The request as it is carried out, as far as that can be known without a model: shorthand for methods and
/// views resolved. Throws Error{usage} for keys that exclude each other or are missing. `checked` of the
/// result changes nothing more.
ExplainRequest checked(ExplainRequest request);

/// Resolves the methods: shorthand, options, seeds, those that `per_token` adds. `checked` does it unless
/// they are automatic: the model decides them.
void settle_methods(ExplainRequest& request);

/// Does the request's result hold the maps of this method?
bool asks_for(const ExplainRequest& request, std::string_view method);

}  // namespace llmx::request
