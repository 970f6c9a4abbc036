// A result, or two to be compared, as one HTML file.

#include <fmt/format.h>

#include <filesystem>
#include <llmx/error.hpp>
#include <llmx/version.hpp>
#include <llmx/view.hpp>
#include <nlohmann/json.hpp>

#include "core/utf8.hpp"
#include "view/html/pack.hpp"
#include "view/html/page.hpp"

namespace llmx::view {

std::string html(std::span<const NamedResult> results) {
    if (results.empty() || results.size() > 2) {
        throw Error(ErrorCode::usage,
                    fmt::format("html: {} results; expected one, or two to compare", results.size()));
    }
    nlohmann::ordered_json data = {{"version", version()}, {"results", nlohmann::ordered_json::array()}};
    std::string title = "LLM Explainer";
    for (const NamedResult& result : results) {
        const StoredResult read = read_json(result.json, result.name);  // refuses what is no result
        nlohmann::ordered_json json = nlohmann::ordered_json::parse(result.json);
        pack(json);
        data["results"].push_back(
            {{"name", utf8::replace_invalid(result.name)}, {"result", std::move(json)}});
        title += (data["results"].size() == 1 ? ": " : ", ") + read.model;
    }
    return page({.title = title, .data_json = data.dump()});
}

}  // namespace llmx::view
