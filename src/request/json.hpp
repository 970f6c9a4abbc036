#pragma once
// A request as a JSON object, read and written; and what follows from that form.

#include <llmx/explain_request.hpp>
#include <string>
#include <string_view>

#include "request/fields.hpp"

namespace llmx::request {

/// Throws Error{input} for a text that is no JSON object.
Json parse_object(std::string_view text);

/// Sets what the object says; null is no value. Throws Error{usage} for an unknown key.
void apply(const Fields& fields, const Json& object);

/// Every key with a value.
Json values_of(const Fields& fields);
Json to_json(const ExplainRequest& request);

/// Equal for requests that the same loaded model can carry out.
std::string model_key(const ExplainRequest& request);

/// Of what its result depends on, in 16 hex digits: the request as `checked` gives it.
std::string digest(const ExplainRequest& request);

}  // namespace llmx::request
