#pragma once
// Every key of a request, once.

#include <llmx/explain_request.hpp>

#include "request/rows.hpp"

namespace llmx::request {

/// How a model is loaded.
void visit(Rows& rows, std::string& model, LoadOptions& load);
/// How an answer is written.
void visit(Rows& rows, GenerateOptions& writing);
/// What a service is started with: its model, how answers are written, resources.
void visit_service(Rows& rows, ExplainRequest& request);
void visit(Rows& rows, ExplainRequest& request);

/// The rows of `request`, which must outlive them.
Fields fields(ExplainRequest& request);

/// Of `fields`, the one with this key, or null.
const Field* find(const Fields& fields, const std::string& key);

}  // namespace llmx::request
