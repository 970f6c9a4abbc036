// A result, or two to be compared, as one HTML file.

#include <fmt/format.h>

#include <filesystem>
#include <llmx/error.hpp>
#include <llmx/version.hpp>
#include <llmx/view.hpp>
#include <nlohmann/json.hpp>

#include "text/utf8.hpp"
#include "view/html/pack.hpp"
#include "view/html/page.hpp"
#include "view/json.hpp"
#include "view/json_parts.hpp"

namespace llmx::view {

std::string html(std::span<const NamedResult> results) {
    if (results.empty() || results.size() > 2) {
        throw Error(ErrorCode::usage,
                    fmt::format("html: {} results; expected one, or two to compare", results.size()));
    }
    nlohmann::ordered_json data = {{"version", version()}, {"results", nlohmann::ordered_json::array()}};
    std::string title = "LLM Explainer: ";
    for (const NamedResult& named : results) {
        nlohmann::ordered_json result = document(named.explanation, {named.command_json});
        pack(result);
        const std::string file = std::filesystem::path(named.name).filename().string();
        data["results"].push_back({{"name", utf8::replace_invalid(file)}, {"result", std::move(result)}});
        title += (&named == results.data() ? "" : ", ") + named.explanation.model.file;
    }
    return page({.title = title, .data_json = dumped(data)});
}

}  // namespace llmx::view
