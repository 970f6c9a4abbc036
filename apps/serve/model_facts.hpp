#pragma once

#include <llmx/model.hpp>
#include <nlohmann/json.hpp>

namespace llmx::serve {

/// What a model file says of itself, except for its path and digest.
nlohmann::ordered_json facts_json(const Model& model);

}  // namespace llmx::serve
