#include "openapi.hpp"

#include <llmx/version.hpp>

#include "texts.hpp"

namespace llmx::serve {

nlohmann::ordered_json openapi(const nlohmann::ordered_json& properties) {
    auto document = nlohmann::ordered_json::parse(openapi_text);
    document["info"]["version"] = version();
    document["components"]["schemas"]["ExplainRequest"]["properties"] = properties;
    return document;
}

}  // namespace llmx::serve
