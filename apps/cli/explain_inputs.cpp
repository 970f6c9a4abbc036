#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <llmx/error.hpp>

#include "core/suggest.hpp"
#include "explain_options.hpp"

namespace llmx::cli {
namespace {

using Text = ExplainOptions::Text;

Products parse_products(const std::string& name) {
    static const std::array<std::string, 2> known = {"float32", "bfloat16"};
    if (name == known[0]) return Products::float32;
    if (name == known[1]) return Products::bfloat16;
    throw_unknown("products", name, known);
}

struct Source {
    const char* option;
    const Text& value;
};

/// Of options that exclude each other: the names of those given.
std::vector<std::string> given(std::initializer_list<Source> sources) {
    std::vector<std::string> names;
    for (const auto& [option, value] : sources) {
        if (value) names.emplace_back(option);
    }
    return names;
}

void at_most_one(std::initializer_list<Source> sources) {
    const auto names = given(sources);
    if (names.size() > 1) {
        throw Error(ErrorCode::usage,
                    fmt::format("{}: given together; expected one of them", fmt::join(names, ", ")));
    }
}

/// The text of an option or of its -file twin.
Text read_text(InputReader& reader, const std::string& option, const Text& value, const Text& path) {
    if (!value && !path) return std::nullopt;
    const std::string name = value ? option : option + "-file";
    std::string text = value ? reader.text(name, *value) : reader.file(name, *path);
    if (text.empty()) throw Error(ErrorCode::input, fmt::format("{}: is empty; expected some text", name));
    return text;
}

std::optional<Tokens> read_ids(InputReader& reader, const std::string& option, const Text& value) {
    if (!value) return std::nullopt;
    return reader.ids(option, *value);
}

void require_one_prompt(const ExplainOptions& o) {
    const std::initializer_list<Source> sources = {
        {"--user", o.user},     {"--user-file", o.user_file},     {"--messages", o.messages},
        {"--prompt", o.prompt}, {"--prompt-file", o.prompt_file}, {"--prompt-ids", o.prompt_ids}};
    at_most_one(sources);
    at_most_one({{"--system", o.system}, {"--system-file", o.system_file}});
    if (given(sources).empty()) {
        throw Error(ErrorCode::usage,
                    "no prompt given; expected one of --user, --messages, --prompt, --prompt-ids");
    }
    if ((o.system || o.system_file) && !o.user && !o.user_file) {
        throw Error(ErrorCode::usage,
                    fmt::format("--system: given with {}; it goes with --user only", given(sources).front()));
    }
}

void read_prompt(const ExplainOptions& o, InputReader& reader, ExplainInputs& inputs) {
    require_one_prompt(o);
    if (const Text system = read_text(reader, "--system", o.system, o.system_file)) {
        inputs.chat.push_back({"system", *system});
    }
    if (const Text user = read_text(reader, "--user", o.user, o.user_file)) {
        inputs.chat.push_back({"user", *user});
    }
    if (o.messages) inputs.chat = reader.messages("--messages", *o.messages);
    at_most_one({{"--chat-template", o.chat_template}, {"--chat-template-file", o.chat_template_file}});
    inputs.chat_template = read_text(reader, "--chat-template", o.chat_template, o.chat_template_file);
    inputs.prompt = read_text(reader, "--prompt", o.prompt, o.prompt_file);
    inputs.prompt_ids = read_ids(reader, "--prompt-ids", o.prompt_ids);
}

}  // namespace

ExplainInputs read_explain_inputs(const ExplainOptions& o, InputReader& reader) {
    if (o.model.empty()) throw Error(ErrorCode::usage, "no model given; expected --model FILE");
    ExplainInputs inputs;
    inputs.task = parse_task(o.task);
    for (const std::string& name : o.method) inputs.methods.push_back(parse_method(name));
    inputs.objective = parse_objective(o.objective);
    inputs.products = parse_products(o.products);

    at_most_one({{"--label", o.label}, {"--label-file", o.label_file}, {"--label-ids", o.label_ids}});
    at_most_one({{"--answer", o.answer}, {"--answer-file", o.answer_file}, {"--answer-ids", o.answer_ids}});
    read_prompt(o, reader, inputs);
    inputs.label = read_text(reader, "--label", o.label, o.label_file);
    inputs.label_ids = read_ids(reader, "--label-ids", o.label_ids);
    inputs.answer = read_text(reader, "--answer", o.answer, o.answer_file);
    inputs.answer_ids = read_ids(reader, "--answer-ids", o.answer_ids);

    const bool needs_label = inputs.objective == Objective::aligned || inputs.objective == Objective::teacher;
    if (needs_label && !inputs.has_label()) {
        throw Error(ErrorCode::usage,
                    fmt::format("--objective {}: no label given; expected --label TEXT", o.objective));
    }
    return inputs;
}

}  // namespace llmx::cli
