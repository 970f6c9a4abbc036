#include "openapi.hpp"

#include <llmx/version.hpp>

#include "chat.hpp"
#include "texts.hpp"

namespace llmx::serve {

nlohmann::ordered_json openapi(const nlohmann::ordered_json& properties, bool needs_key) {
    auto document = nlohmann::ordered_json::parse(openapi_text);
    document["info"]["version"] = version();
    if (!needs_key) document["security"] = nlohmann::ordered_json::array();
    auto& schemas = document["components"]["schemas"];
    schemas["ExplainRequest"]["properties"] = properties;
    for (const auto& [key, own] : chat_keys()) {
        auto& schema = schemas["ChatRequest"]["properties"][key];
        schema = properties.at(own);
        if (own == "max_new_tokens") schema.erase("maximum");  // more than the service allows is that much
        if (own == "top_k") schema["minimum"] = -1;            // all tokens
        schema["nullable"] = true;
    }
    return document;
}

}  // namespace llmx::serve
