#pragma once

#include <llmx/methods.hpp>
#include <nlohmann/json_fwd.hpp>

namespace llmx::serve {

/// What GET /v1/methods and `llmx methods --json` answer: {"methods": [each with its options and source]}.
nlohmann::ordered_json methods_document(const std::vector<MethodFacts>& methods);

}  // namespace llmx::serve
