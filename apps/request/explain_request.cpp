// The request as JSON: in by --request, out as "command".

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <nlohmann/json.hpp>

#include "core/json_depth.hpp"
#include "core/suggest.hpp"
#include "request/explain_options.hpp"
#include "request/method_options.hpp"
#include "request/option_names.hpp"

namespace llmx::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr int deepest = 64;  // a request needs three

std::string snake_case(std::string name) {
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

/// Lists that an option takes as one text, to be read like a file's contents.
bool takes_json_list(const std::string& key) { return key == "messages" || key.ends_with("_ids"); }

[[noreturn]] void wrong_type(const std::string& key, const Json& value, const std::string& expected) {
    throw Error(ErrorCode::usage, fmt::format("request: {} is {} {}; expected {}", key, value.type_name(),
                                              value.dump(-1, ' ', true).substr(0, 40), expected));
}

/// A single value as the flag's argument, if the JSON type is the option's.
std::string argument(const std::string& key, const Json& value, const std::string& type) {
    const bool whole = type == "INT" || type == "UINT";
    const bool number = whole || type == "FLOAT";
    const bool size = type == "BYTES|SIZE";  // 500000000 or "500MB"
    if (value.is_string() && !number) return value.get<std::string>();
    if (value.is_number_integer() && (number || size)) return value.dump();
    if (value.is_number() && type == "FLOAT") return value.dump();
    wrong_type(key, value, whole ? "a whole number" : number ? "a number" : size ? "a size" : "a string");
}

void apply(CLI::Option& option, const std::string& key, const Json& value) {
    const bool is_list = option.get_delimiter() != '\0' || option.get_expected_max() > 1;
    if (option.get_expected_max() == 0) {
        if (!value.is_boolean()) wrong_type(key, value, "true or false");
        if (!value.get<bool>()) return;
        option.add_result(std::string("true"));
    } else if (value.is_array() && takes_json_list(key)) {
        option.add_result(value.dump());
    } else if (value.is_array() && is_list) {
        for (const Json& entry : value) option.add_result(argument(key, entry, option.get_type_name()));
        if (value.empty()) return;
    } else {
        option.add_result(argument(key, value, option.get_type_name()));
    }
    try {
        option.run_callback();
    } catch (const CLI::ParseError& error) {
        throw Error(ErrorCode::usage, fmt::format("request: {}", error.what()));
    }
}

}  // namespace

void apply_request(CLI::App& app, const std::string& json_text, const CLI::App& command) {
    if (nested_deeper_than(json_text, deepest)) {
        throw Error(ErrorCode::input, fmt::format("request: nested deeper than {}; expected an object of "
                                                  "texts, numbers and lists",
                                                  deepest));
    }
    Json request;
    try {
        request = Json::parse(json_text);
    } catch (const Json::parse_error& error) {
        throw Error(ErrorCode::input,
                    fmt::format("request: no valid JSON at byte {}; expected an object", error.byte));
    }
    if (!request.is_object()) {
        throw Error(ErrorCode::input, fmt::format("request: is {}; expected an object", request.type_name()));
    }
    std::vector<std::string> known;
    for (const std::string& name : option_names(app)) {
        if (name != "request") known.push_back(snake_case(name));
    }
    for (const auto& [key, value] : request.items()) {
        if (std::find(known.begin(), known.end(), key) == known.end())
            throw_unknown("request key", key, known);
        std::string name = key;
        std::replace(name.begin(), name.end(), '_', '-');
        CLI::Option& option = *app.get_option("--" + name);
        const CLI::Option* given = command.get_option_no_throw("--" + name);
        const bool stays = given != nullptr && given->count() > 0;
        if (!stays && !value.is_null()) apply(option, key, value);
    }
}

ExplainOptions options_of(const CLI::App& command, const ExplainOptions& given,
                          const std::string& json_text) {
    ExplainOptions options = given;
    CLI::App app;
    declare_request_options(app, options);
    apply_request(app, json_text, command);
    return options;
}

std::string command_json(const ExplainOptions& options, const ExplainInputs& inputs,
                         const TaskInputs& texts) {
    Json command = {{"model", options.model}};
    if (texts.task) command["task"] = to_string(*texts.task);
    const auto add = [&](const char* key, const auto& optional) {
        if (optional) command[key] = *optional;
    };
    for (const Message& message : texts.messages) {
        command["messages"].push_back({{"role", message.role}, {"content", message.content}});
    }
    add("chat_template", inputs.chat_template);
    add("prompt", texts.prompt);
    add("prompt_ids", texts.prompt_ids);
    add("question", texts.question);
    add("context", texts.context);
    add("token_type_ids", texts.token_type_ids);
    add("qa_head", options.qa_head);
    add("assistant", options.assistant);
    add("source", texts.source);
    add("prefix", texts.prefix);
    add("label", texts.label);
    add("label_ids", texts.label_ids);
    if (const auto span = texts.label_span) {
        command["label_span"] = fmt::format("{}:{}", span->first, span->second);
    }
    add("answer", texts.answer);
    add("answer_ids", texts.answer_ids);
    command["method"] = Json::array();
    for (const Method& method : inputs.methods) command["method"].push_back(spelled(method));
    add("target_span", options.target_span);
    add("contrast", inputs.contrast);
    command["alternatives"] = options.alternatives;
    command["measure"] = options.measure;
    command["sources"] = options.sources;
    add("context_span", options.context_span);
    command["unit"] = options.unit;
    add("unit_pattern", options.unit_pattern);
    command["unit_spans"] = options.unit_spans;
    command["aggregation"] = options.aggregation;
    command["hold"] = options.hold;
    command["check"] = options.check;
    command["seeds"] = options.seeds;
    command["absence"] = options.absence;
    command["objective"] = to_string(inputs.objective);
    command["per_token"] = options.per_token;
    command["attention_weights"] = options.attention_weights;
    command["hidden_states"] = options.hidden_states;
    command["all_rows"] = options.all_rows;
    command["views"] = Json::array();
    if (inputs.views.attention) command["views"].push_back("attention");
    if (inputs.views.neuron) command["views"].push_back("neuron");
    if (command["views"].empty()) command["views"].push_back("none");
    command["view_budget"] = options.view_budget;
    command["view_blocks"] = options.view_blocks;
    command["logit_lens"] = options.logit_lens;
    command["layer_names"] = options.layer_names;
    command["is_input"] = options.is_input;
    command["strict"] = options.strict;
    command["positions"] = options.positions;
    command["input_shape"] = options.input_shape;
    command["embedding_name"] = options.embedding_name;
    command["max_new_tokens"] = options.max_new_tokens;
    command["temperature"] = Json::parse(fmt::format("{}", options.temperature));
    command["top_k"] = options.top_k;
    command["top_p"] = Json::parse(fmt::format("{}", options.top_p));
    command["repetition_penalty"] = Json::parse(fmt::format("{}", options.repetition_penalty));
    command["seed"] = options.seed;
    command["draft_tokens"] = options.draft_tokens;
    command["num_beams"] = options.num_beams;
    command["length_penalty"] = Json::parse(fmt::format("{}", options.length_penalty));
    command["early_stopping"] = options.early_stopping;
    command["lora"] = options.lora;
    if (!options.rpc.empty()) command["rpc"] = options.rpc;
    command["ubatch"] = options.ubatch;
    command["threads"] = options.threads;
    command["context_tokens"] = options.context_tokens;
    command["products"] = options.products;
    command["memory_budget"] = options.memory_budget;
    command["raw"] = options.raw;
    return command.dump();
}

}  // namespace llmx::cli
