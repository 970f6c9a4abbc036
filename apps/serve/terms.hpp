#pragma once
// What a service allows, and how it reads requests: as the command line does, except for what belongs to the
// machine that serves.

#include <llmx/explain_request.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "request/rows.hpp"

namespace llmx::serve {

struct ServiceTerms {
    ExplainRequest defaults;  ///< as the service was started; its model is a path
    int most_prompt_tokens = 4096;
    int most_answer_tokens = 1024;
    int most_runs = 100'000;  ///< of the model, for one request
};

/// The keys that a service is started with.
request::Fields fields(ServiceTerms& terms);

/// The name of the model to those who ask: its file's or directory's.
std::string served_name(const ServiceTerms& terms);

/// A request as it came, `checked`. Throws Error for one that no model is needed to refuse: of the kinds that
/// the command line knows, and for one that asks for another model or more of the machine than the service
/// has.
ExplainRequest read_served(const std::string& json_text, const ServiceTerms& terms);

/// Throws Error{context_overflow} for a prompt or an answer that is longer than allowed.
void require_short(const Model& model, const Request& request, const ServiceTerms& terms);

/// A message for clients: with the names of the files that the service was started with, not their paths.
std::string without_paths(std::string message, const ServiceTerms& terms);

/// The keys of a request as properties of a JSON schema.
nlohmann::ordered_json request_properties(const ServiceTerms& terms);

}  // namespace llmx::serve
