#pragma once

#include <nlohmann/json.hpp>

namespace llmx::serve {

/// The OpenAPI document of the service; `properties`: the keys of a request to explain.
nlohmann::ordered_json openapi(const nlohmann::ordered_json& properties, bool needs_key);

}  // namespace llmx::serve
