#include "citations.hpp"

#include <algorithm>

namespace llmx::serve {
namespace {

using Json = nlohmann::ordered_json;

/// Characters of UTF-8.
int characters(const std::string& text) {
    return static_cast<int>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

Json citations(const std::string& result) {
    Json found = Json::array();
    if (result.find("\"why\":{") == std::string::npos) return found;
    const Json json = Json::parse(result);
    if (!json.contains("why")) return found;
    const Json& why = json["why"];
    int begin = 0;
    for (const Json& sentence : why["sentences"]) {
        const int end = begin + characters(sentence["text"].get<std::string>());
        for (const Json& source : sentence["sources"]) {
            const Json& passage = why["passages"][source["passage"].get<std::size_t>()];
            Json citation = {{"type", "citation"}, {"start_index", begin}, {"end_index", end}};
            for (const char* key : {"text", "role", "part", "title", "lines"}) citation[key] = passage[key];
            citation["strength"] = source["strength"];
            citation["p_value"] = source.value("p_value", Json());
            found.push_back(std::move(citation));
        }
        begin = end;
    }
    return found;
}

}  // namespace llmx::serve
