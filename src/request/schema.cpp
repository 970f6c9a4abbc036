#include "request/schema.hpp"

#include "request/fields.hpp"

namespace llmx::request {
namespace {

constexpr double unbounded = 1e18;

Json number(const char* type, const Field& field) {
    Json schema = {{"type", type}};
    const auto bound = [&](const char* name, double value) {
        const auto whole = static_cast<std::int64_t>(value);
        schema[name] = static_cast<double>(whole) == value ? Json(whole) : Json(value);
    };
    if (field.facts.low > -unbounded) bound("minimum", field.facts.low);
    if (field.facts.high < unbounded) bound("maximum", field.facts.high);
    if (field.words.empty()) return schema;
    return {{"oneOf", {schema, {{"type", "string"}, {"enum", field.words}}}}};
}

/// Of one value, in a list or not.
Json single(const Field& field) {
    switch (field.kind) {
        case Kind::flag:
            return {{"type", "boolean"}};
        case Kind::integer:
            return number("integer", field);
        case Kind::number:
            return number("number", field);
        case Kind::size:
            return {{"oneOf", {{{"type", "integer"}, {"minimum", 0}}, {{"type", "string"}}}}};
        case Kind::word:
            if (!field.list) return {{"type", "string"}, {"enum", field.words}};
            return {{"type", "string"}};  // of a list: several may stand in one text
        case Kind::ids:
            return {{"oneOf", {{{"type", "string"}}, {{"type", "array"}, {"items", {{"type", "integer"}}}}}}};
        case Kind::place:
            return {{"oneOf",
                     {{{"type", "string"}},
                      {{"type", "array"},
                       {"items", {{"type", "integer"}, {"minimum", 0}}},
                       {"minItems", 2},
                       {"maxItems", 2}}}}};
        case Kind::messages: {
            const Json text = {{"type", "string"}};
            return {{"type", "array"},
                    {"minItems", 1},
                    {"items",
                     {{"type", "object"},
                      {"required", {"role", "content"}},
                      {"properties", {{"role", text}, {"content", text}}}}}};
        }
        case Kind::documents: {
            const Json text = {{"type", "string"}};
            const Json object = {{"type", "object"},
                                 {"required", {"text"}},
                                 {"properties", {{"title", text}, {"text", text}}}};
            return {{"type", "array"}, {"minItems", 1}, {"items", {{"oneOf", {text, object}}}}};
        }
        default:
            return {{"type", "string"}};
    }
}

}  // namespace

Json schema_of(const Field& field) {
    if (!field.list) return single(field);
    if (field.pairs) {
        const Json text = {{"type", "string"}};
        return {{"oneOf",
                 {text,
                  {{"type", "array"}, {"items", text}},
                  {{"type", "object"}, {"additionalProperties", text}}}}};
    }
    Json item = single(field);
    if (field.kind == Kind::word) item["enum"] = field.words;
    return {{"oneOf", {single(field), {{"type", "array"}, {"items", item}}}}};
}

Json schema_properties() {
    ExplainRequest request;
    Json properties = Json::object();
    for (const Field& field : fields(request)) {
        Json schema = schema_of(field);
        schema["description"] = field.help;
        properties[field.key] = std::move(schema);
    }
    return properties;
}

}  // namespace llmx::request
