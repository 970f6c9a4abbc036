#include "serve_requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <llmx/error.hpp>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "request/numbers.hpp"
#include "request/option_names.hpp"

namespace llmx::cli {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(const std::string& key, const std::string& rest) {
    throw Error(ErrorCode::usage, fmt::format("request: {} {}", key, rest));
}

/// What a request may repeat but not change: it is this machine's, or the model would have to be loaded
/// again.
void require_own(const ExplainOptions& o, const ExplainOptions& own, const std::string& name) {
    if (o.model != name)
        refuse("model", fmt::format("is \"{}\"; the one that is served is \"{}\"", o.model, name));
    const auto same = [](const char* key, const auto& value, const auto& its) {
        if (value != its) refuse(key, "belongs to the service; it is chosen when that is started");
    };
    same("lora", o.lora, own.lora);
    same("rpc", o.rpc, own.rpc);
    same("qa_head", o.qa_head, own.qa_head);
    same("chat_template", o.chat_template, own.chat_template);
    same("chat_template_file", o.chat_template_file, own.chat_template_file);
    same("threads", o.threads, own.threads);
    if (o.assistant != "prompt-lookup") same("assistant", o.assistant, own.assistant);
    const bool more = o.memory_budget == 0 || o.memory_budget > own.memory_budget;
    if (own.memory_budget > 0 && more)
        refuse("memory_budget", fmt::format("is {}; expected 1 to {}", o.memory_budget, own.memory_budget));
}

/// ... or another machine.
bool names_file(const std::string& name) {
    return name.ends_with("-file") || name == "model" || name == "lora" || name == "rpc" || name == "qa-head";
}

Json schema_of(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    const auto single = [&]() -> Json {
        if (option.get_expected_max() == 0) return {{"type", "boolean"}};
        if (type == "INT" || type == "UINT") return {{"type", "integer"}};
        if (type == "FLOAT") return {{"type", "number"}};
        if (type == "BYTES|SIZE") return {{"oneOf", {{{"type", "integer"}}, {{"type", "string"}}}}};
        return {{"type", "string"}};
    };
    if (option.get_delimiter() == '\0' && option.get_expected_max() <= 1) return single();
    return {{"oneOf", {single(), {{"type", "array"}, {"items", single()}}}}};
}

}  // namespace

void declare_service_terms(CLI::App& app, ServiceTerms& terms) {
    declare_service_options(app, terms.options);
    app.option_defaults()->group("Limits of a request");
    add_number(app, "--max-prompt-tokens", terms.most_prompt_tokens, "Tokens of a prompt", 1);
    add_number(app, "--max-answer-tokens", terms.most_answer_tokens, "Tokens of an answer", 1);
}

std::string served_name(const ServiceTerms& terms) {
    std::filesystem::path path = terms.options.model;
    if (!path.has_filename()) path = path.parent_path();
    return path.filename().string();
}

void read_template(ServiceTerms& terms) {
    ExplainOptions& o = terms.options;
    InputReader reader;
    o.chat_template = read_model_inputs(o, reader).chat_template;
    o.chat_template_file.reset();
}

ReadRequest read_served(const std::string& json_text, const ServiceTerms& terms) {
    const CLI::App nothing_stays;
    ExplainOptions defaults = terms.options;
    defaults.model = served_name(terms);
    ExplainOptions options = options_of(nothing_stays, defaults, json_text);
    require_own(options, terms.options, defaults.model);
    options.rpc.clear();  // the model is loaded; its servers are nothing for the clients
    InputReader reader = InputReader::of_texts_only();
    ExplainInputs inputs = read_explain_inputs(options, reader);
    if (!inputs.has_answer() && options.max_new_tokens > terms.most_answer_tokens) {
        refuse("max_new_tokens", fmt::format("is {}; this service allows up to {}", options.max_new_tokens,
                                             terms.most_answer_tokens));
    }
    return {std::move(options), std::move(inputs)};
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
    require("answer", request.output.ids.size(), terms.most_answer_tokens);
    require("label", request.labels.size(), terms.most_answer_tokens);
    require("contrast", request.target.contrast.size(), terms.most_answer_tokens);
}

nlohmann::ordered_json request_properties() {
    ExplainOptions options;
    CLI::App app;
    declare_request_options(app, options);
    Json properties = Json::object();
    for (const std::string& name : option_names(app)) {
        if (names_file(name) && name != "model") continue;
        const CLI::Option& option = *app.get_option("--" + name);
        std::string key = name;
        std::replace(key.begin(), key.end(), '-', '_');
        Json schema = schema_of(option);
        if (key.ends_with("_ids"))
            schema = {
                {"oneOf", {{{"type", "string"}}, {{"type", "array"}, {"items", {{"type", "integer"}}}}}}};
        if (key == "messages") {
            schema = {
                {"type", "array"},
                {"items",
                 {{"type", "object"},
                  {"required", {"role", "content"}},
                  {"properties", {{"role", {{"type", "string"}}}, {"content", {{"type", "string"}}}}}}}};
        }
        std::string help = option.get_description();
        std::replace(help.begin(), help.end(), '\n', ' ');
        schema["description"] = key == "model" ? "The name of the model that is served" : help;
        properties[key] = std::move(schema);
    }
    return properties;
}

}  // namespace llmx::cli
