#include "terms.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <llmx/error.hpp>

#include "explain/estimate.hpp"
#include "request/check.hpp"
#include "request/json.hpp"
#include "request/schema.hpp"

namespace llmx::serve {
namespace {

/// Of a file or directory.
std::string name_of(std::filesystem::path path) {
    if (!path.has_filename()) path = path.parent_path();
    return path.filename().string();
}

[[noreturn]] void refuse(const std::string& key, const std::string& rest) {
    throw Error(ErrorCode::usage, fmt::format("`{}` {}", key, rest));
}

/// What a request may repeat but not change: it is this machine's, or another model would have to be loaded.
void require_own(ExplainRequest& request, ExplainRequest& own) {
    if (request.model != own.model)
        refuse("model", fmt::format("is \"{}\"; the one that is served is \"{}\"", request.model, own.model));
    const request::Fields asked = request::fields(request), served = request::fields(own);
    for (std::size_t i = 0; i < asked.size(); ++i) {
        const bool fixed = asked[i].facts.scope == Scope::model ||
                           (asked[i].key == "assistant" && request.assistant != "prompt-lookup");
        if (fixed && asked[i].get() != served[i].get())
            refuse(asked[i].key, "belongs to the service; it is chosen when that is started");
    }
    if (!request.how.memory_budget) return;
    const std::size_t budget = *request.how.memory_budget,
                      most = own.how.memory_budget.value_or(usual_memory_budget);
    if (most > 0 && (budget == 0 || budget > most))
        refuse("memory_budget", fmt::format("is {}; expected 1 to {}", budget, most));
}

}  // namespace

request::Fields fields(ServiceTerms& terms) {
    request::Fields all;
    all.reserve(64);
    request::Rows rows(all);
    request::visit_service(rows, terms.defaults);
    rows.group("Limits of a request");
    rows.integer("max_prompt_tokens", terms.most_prompt_tokens, "Maximum number of prompt tokens.",
                 {.low = 1});
    rows.integer("max_answer_tokens", terms.most_answer_tokens, "Maximum number of answer tokens.",
                 {.low = 1});
    rows.integer("max_runs", terms.most_runs, "Maximum number of times that the model runs for a request.",
                 {.low = 1, .high = most_runs});
    return all;
}

std::string served_name(const ServiceTerms& terms) { return name_of(terms.defaults.model); }

ExplainRequest read_served(const std::string& json_text, const ServiceTerms& terms) {
    ExplainRequest own = terms.defaults;
    own.model = served_name(terms);
    ExplainRequest request = request_from_json(json_text, own);
    require_own(request, own);
    request.load.rpc.clear();  // the model is loaded; its servers are nothing for the clients
    request = request::checked(std::move(request));
    if (request.texts.messages.size() > static_cast<std::size_t>(terms.most_prompt_tokens)) {
        refuse("messages", fmt::format("has {}; this service allows up to {}", request.texts.messages.size(),
                                       terms.most_prompt_tokens));
    }
    const bool writes = !request.texts.answer && !request.texts.answer_ids;
    if (writes && request.writing.max_new_tokens > terms.most_answer_tokens) {
        refuse("max_new_tokens", fmt::format("is {}; this service allows up to {}",
                                             request.writing.max_new_tokens, terms.most_answer_tokens));
    }
    return request;
}

void require_short(const Model& model, const Request& request, const ServiceTerms& terms) {
    std::size_t prompt = request.input_ids.size();
    if (prompt == 0) prompt = model.tokenize(request.pair.question + request.pair.context).size();
    const auto require = [](const char* what, std::size_t tokens, int most) {
        if (tokens <= static_cast<std::size_t>(most)) return;
        throw Error(ErrorCode::context_overflow,
                    fmt::format("{} of {} tokens; this service allows up to {}", what, tokens, most));
    };
    require("prompt", prompt, terms.most_prompt_tokens);
    for (const std::string& replacement : request.replacements) prompt += model.tokenize(replacement).size();
    require("prompt and `replacements`", prompt, terms.most_prompt_tokens);
    require("answer", request.output.ids.size(), terms.most_answer_tokens);
    require("label", request.labels.size(), terms.most_answer_tokens);
    require("contrast", request.target.contrast.size(), terms.most_answer_tokens);
}

std::string without_paths(std::string message, const ServiceTerms& terms) {
    const ExplainRequest& own = terms.defaults;
    std::vector<std::string> paths = {own.model, own.assistant, own.load.qa_head.string()};
    for (const Lora& lora : own.load.lora) paths.push_back(lora.path.string());
    for (const std::string& path : paths) {
        const std::string name = name_of(path);
        if (path.empty() || name == path) continue;
        for (std::size_t at = 0; (at = message.find(path, at)) != std::string::npos; at += name.size())
            message.replace(at, path.size(), name);
    }
    return message;
}

nlohmann::ordered_json request_properties(const ServiceTerms& terms) {
    request::Json properties = request::schema_properties();
    properties["model"]["description"] = "The name of the model that is served.";
    properties["max_new_tokens"]["maximum"] = terms.most_answer_tokens;
    return properties;
}

}  // namespace llmx::serve
