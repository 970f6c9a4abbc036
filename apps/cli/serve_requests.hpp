#pragma once
// Requests to `llmx serve`: those of --request, but for what belongs to the machine that serves.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "request/explain_options.hpp"

namespace llmx::cli {

/// What a service allows, and what it fills in.
struct ServiceTerms {
    ExplainOptions options;  ///< as it was started; its model is a path
    int most_prompt_tokens = 4096;
    int most_answer_tokens = 1024;
};

/// Declares them as options; parsing fills `terms`.
void declare_service_terms(CLI::App& app, ServiceTerms& terms);

/// The name of the model to those who ask: its file's or directory's.
std::string served_name(const ServiceTerms& terms);

/// Reads a chat template that was given as a file: requests may name none.
void read_template(ServiceTerms& terms);

/// A request as it came. Throws Error for one that no model is needed to refuse: of the kinds that the
/// command line knows, for a key that names a file, and for one that asks for another model or more of the
/// machine than the service was given.
ReadRequest read_served(const std::string& json_text, const ServiceTerms& terms);

/// Throws Error{context_overflow} for a prompt or an answer that is longer than allowed.
void require_short(const Model& model, const Request& request, const ServiceTerms& terms);

/// The keys of a request as properties of a JSON schema.
nlohmann::ordered_json request_properties();

}  // namespace llmx::cli
