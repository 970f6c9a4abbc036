#pragma once
// The options of methods, as keys of a request.

#include <llmx/explain_request.hpp>

#include "request/rows.hpp"

namespace llmx::request {

/// One row for each option, for all methods that have it.
void visit_options(Rows& v, ExplainRequest& r);

}  // namespace llmx::request
