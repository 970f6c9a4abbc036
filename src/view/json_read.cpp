// The JSON result read again, schema llm-explainer/1.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <llmx/error.hpp>
#include <llmx/view.hpp>

#include "view/json_reader.hpp"
#include "view/schema.hpp"

namespace llmx::view {
namespace {

/// What says of what kind a file is, before anything else of it is believed.
void require_schema(const Place& root) {
    if (!root.json().is_object()) root.refuse("a result of llmx explain: an object");
    if (!root.has("schema")) {
        throw Error(ErrorCode::input,
                    fmt::format("{}: has no schema; expected a result of llmx explain as JSON", root.path()));
    }
    const std::string found = root.at("schema").text();
    if (found != schema) {
        throw Error(ErrorCode::input,
                    fmt::format("{}: schema is \"{}\"; expected {}", root.path(), found, schema));
    }
}

Json parsed(std::string_view text, std::string_view what) {
    try {
        return Json::parse(text);
    } catch (const Json::parse_error& error) {
        throw Error(ErrorCode::input,
                    fmt::format("{}: not valid JSON at byte {}; expected a result of llmx explain as JSON",
                                what, error.byte));
    } catch (const Json::out_of_range&) {  // 1e999
        throw Error(ErrorCode::input,
                    fmt::format("{}: contains a number that is too large; expected a result of "
                                "llmx explain as JSON",
                                what));
    }
}

}  // namespace

void JsonReader::read(const Place& place, ModelKind& value) {
    for (const ModelKind kind : {ModelKind::decoder, ModelKind::encoder, ModelKind::encoder_decoder}) {
        if (place.text() != to_string(kind)) continue;
        value = kind;
        return;
    }
    place.refuse("decoder, encoder or encoder-decoder");
}

void JsonReader::read(const Place& place, std::map<int, std::string>& texts) {
    for_each_member(place, [&](const std::string& id, const Place& text) {
        constexpr std::size_t longest = 9;  // digits
        const bool number =
            !id.empty() && id.size() <= longest &&
            std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
        if (!number) place.refuse("token ids as keys");
        texts[std::stoi(id)] = text.text();
    });
}

StoredResult read_json(std::string_view text, std::string_view what) {
    const Json json = parsed(text, what);
    const Place root(json, std::string(what));
    require_schema(root);
    StoredResult result;
    if (root.has("version")) result.explanation.version = root.at("version").text();
    try {
        JsonReader::read(root, result.explanation);
    } catch (const Error& error) {  // names that are not known are an input's here, not a user's
        throw Error(ErrorCode::input, error.what());
    }
    result.command_json = root.at("command").json().dump();
    return result;
}

}  // namespace llmx::view
