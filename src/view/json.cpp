// The result as JSON, schema llm-explainer/1.

#include "view/json.hpp"

#include <llmx/error.hpp>

#include "view/json_writer.hpp"
#include "view/schema.hpp"

namespace llmx::view {

Json document(const Explanation& result, const JsonContext& context) {
    Json command = Json::parse(context.command_json, nullptr, /*allow_exceptions=*/false);
    if (!command.is_object()) {
        throw Error(ErrorCode::usage, "json: command_json is no JSON object; expected the request as one");
    }
    Json root = {{"schema", schema}, {"version", result.version}, {"command", std::move(command)}};
    JsonWriter writer(root, "", context.raw);
    rows(writer, result);
    return root;
}

std::string json(const Explanation& result, const JsonContext& context) {
    return dumped(document(result, context));
}

}  // namespace llmx::view
