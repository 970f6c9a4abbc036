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

namespace llmx::view {

std::string html(std::span<const NamedResult> results) {
    if (results.empty() || results.size() > 2) {
        throw Error(ErrorCode::usage,
                    fmt::format("html: {} results; expected one, or two to compare", results.size()));
    }
    std::string data;
    std::string title = "LLM Explainer: ";
    for (const NamedResult& result : results) {
        const StoredResult read = read_json(result.json, result.name);  // refuses what is no result
        const std::string file = std::filesystem::path(result.name).filename().string();
        const nlohmann::json name = utf8::replace_invalid(file);
        data += fmt::format(R"({}{{"name":{},"result":{}}})", data.empty() ? "" : ",", name.dump(),
                            pack(result.json));
        title += (&result == results.data() ? "" : ", ") + read.model;
    }
    data = fmt::format(R"({{"version":"{}","results":[{}]}})", version(), data);
    return page({.title = title, .data_json = data});
}

}  // namespace llmx::view
