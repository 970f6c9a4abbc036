#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <llmx/error.hpp>

#include "core/suggest.hpp"
#include "request/explain_options.hpp"
#include "request/method_options.hpp"

namespace llmx::cli {
namespace {

using Text = ExplainOptions::Text;

Products parse_products(const std::string& name) {
    static const std::array<std::string, 2> known = {"float32", "bfloat16"};
    if (name == known[0]) return Products::float32;
    if (name == known[1]) return Products::bfloat16;
    throw_unknown("products", name, known);
}

EarlyStopping parse_early_stopping(const std::string& name) {
    static const std::array<std::string, 3> known = {"no", "yes", "never"};
    if (name == known[0]) return EarlyStopping::no;
    if (name == known[1]) return EarlyStopping::yes;
    if (name == known[2]) return EarlyStopping::never;
    throw_unknown("early stopping", name, known);
}

/// "FILE" or "FILE:SCALE"; a file's name may have a colon in it.
Lora parse_lora(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return {text};
    float scale = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, scale);
    if (error != std::errc() || stop != end || !std::isfinite(scale)) return {text};
    return {text.substr(0, colon), scale};
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
    at_most_one({{"--question", o.question}, {"--question-file", o.question_file}});
    at_most_one({{"--context", o.context}, {"--context-file", o.context_file}});
    at_most_one({{"--source", o.source}, {"--source-file", o.source_file}});
    if ((!o.system && !o.system_file) || o.user || o.user_file) return;
    throw Error(ErrorCode::usage, given(sources).empty()
                                      ? "--system: no prompt given; expected --user with it"
                                      : fmt::format("--system: given with {}; it goes with --user only",
                                                    given(sources).front()));
}

void read_prompt(const ExplainOptions& o, InputReader& reader, TaskInputs& inputs) {
    require_one_prompt(o);
    if (const Text system = read_text(reader, "--system", o.system, o.system_file)) {
        inputs.messages.push_back({"system", *system});
    }
    if (const Text user = read_text(reader, "--user", o.user, o.user_file)) {
        inputs.messages.push_back({"user", *user});
    }
    if (o.messages) inputs.messages = reader.messages("--messages", *o.messages);
    inputs.prompt = read_text(reader, "--prompt", o.prompt, o.prompt_file);
    inputs.prompt_ids = read_ids(reader, "--prompt-ids", o.prompt_ids);
    inputs.question = read_text(reader, "--question", o.question, o.question_file);
    inputs.context = read_text(reader, "--context", o.context, o.context_file);
    inputs.token_type_ids = read_ids(reader, "--token-type-ids", o.token_type_ids);
    inputs.source = read_text(reader, "--source", o.source, o.source_file);
    if (o.prefix) inputs.prefix = reader.text("--prefix", *o.prefix);  // an empty one says: none
}

/// "A:B", or nothing where the text is no such thing.
std::optional<std::pair<int, int>> as_range(const std::string& text) {
    int first = 0;
    int last = 0;
    const char* const end = text.data() + text.size();
    const auto a = std::from_chars(text.data(), end, first);
    const bool colon = a.ec == std::errc() && a.ptr != end && *a.ptr == ':';
    const auto b = colon ? std::from_chars(a.ptr + 1, end, last) : a;
    if (!colon || b.ec != std::errc() || b.ptr != end) return std::nullopt;
    return std::pair{first, last};
}

std::pair<int, int> parse_range(const char* option, const std::string& text) {
    if (const auto range = as_range(text)) return *range;
    throw Error(ErrorCode::usage,
                fmt::format("{}: got \"{}\"; expected two whole numbers such as 14:28", option, text));
}

void read_answers(const ExplainOptions& o, InputReader& reader, TaskInputs& inputs) {
    at_most_one({{"--label", o.label},
                 {"--label-file", o.label_file},
                 {"--label-ids", o.label_ids},
                 {"--label-span", o.label_span}});
    at_most_one({{"--answer", o.answer}, {"--answer-file", o.answer_file}, {"--answer-ids", o.answer_ids}});
    inputs.label = read_text(reader, "--label", o.label, o.label_file);
    inputs.label_ids = read_ids(reader, "--label-ids", o.label_ids);
    if (o.label_span) inputs.label_span = parse_range("--label-span", *o.label_span);
    inputs.answer = read_text(reader, "--answer", o.answer, o.answer_file);
    inputs.answer_ids = read_ids(reader, "--answer-ids", o.answer_ids);
}

void read_targets(const ExplainOptions& o, InputReader& reader, ExplainInputs& inputs) {
    at_most_one({{"--contrast", o.contrast}, {"--contrast-file", o.contrast_file}});
    inputs.contrast = read_text(reader, "--contrast", o.contrast, o.contrast_file);
    TargetChoice& target = inputs.target;
    target.each = o.per_token;
    target.alternatives = o.alternatives;
    target.measure = parse_measure(o.measure);
    if (o.target_span) {
        target.span = as_range(*o.target_span);
        if (!target.span) target.span_text = reader.text("--target-span", *o.target_span);
    }
    static const std::array<std::string, 2> sources = {"prompt", "all"};
    if (o.sources != sources[0] && o.sources != sources[1]) throw_unknown("sources", o.sources, sources);
    target.all_sources = o.sources == sources[1];
}

void read_units(const ExplainOptions& o, ExplainInputs& inputs) {
    UnitChoice& units = inputs.units;
    units.kind = o.unit;
    units.pattern = o.unit_pattern.value_or("");
    units.aggregation = o.aggregation;
    units.hold = o.hold;
    if (o.context_span) {
        units.context = as_range(*o.context_span);
        if (!units.context) units.context_text = *o.context_span;
    }
    for (const std::string& text : o.unit_spans) units.spans.push_back(parse_range("--unit-spans", text));
}

/// automatic: what a page can show of attention, where attention is asked for.
void read_views(const ExplainOptions& o, ExplainInputs& inputs) {
    static const std::array<std::string, 4> known = {"automatic", "attention", "neuron", "none"};
    const bool pictured =
        o.html && std::any_of(inputs.methods.begin(), inputs.methods.end(),
                              [](const Method& method) { return method.name == "attention"; });
    for (const std::string& name : o.views) {
        if (std::find(known.begin(), known.end(), name) == known.end()) throw_unknown("view", name, known);
        if (name == known[3] && o.views.size() > 1)
            throw Error(ErrorCode::usage, "--views: none given with others; expected none alone, or names");
        const bool automatic = name == known[0] && pictured;
        inputs.views.attention = inputs.views.attention || automatic || name == known[1];
        inputs.views.neuron = inputs.views.neuron || automatic || name == known[2];
    }
    inputs.views.blocks = o.view_blocks;
    inputs.views.budget = o.view_budget;
    inputs.views.logit_lens = o.logit_lens;
}

/// The seed of the sampling is that of the methods too.
void give_seed(const ExplainOptions& o, Method& method) {
    if (o.seed == 0) return;
    for (const MethodFacts& facts : known_methods()) {
        if (facts.name != method.name) continue;
        for (const MethodOption& option : facts.options) {
            if (option.name == "seed") method.options.try_emplace("seed", fmt::format("{}", o.seed));
        }
    }
}

/// "all" is every method that can be asked for: context_reliance where there is a context.
std::vector<std::string> without_all(const ExplainOptions& o) {
    const std::vector<std::string>& texts = o.method;
    const bool context = o.context_span || o.context || o.context_file;
    if (std::find(texts.begin(), texts.end(), "all") == texts.end()) return texts;
    if (texts.size() > 1)
        throw Error(ErrorCode::usage, "--method: all given with others; expected all alone, or names");
    std::vector<std::string> names;
    for (const MethodFacts& facts : known_methods()) {
        if (facts.name != "context_reliance" || context) names.push_back(facts.name);
    }
    return names;
}

/// `--per-token` alone asks for the two methods that cost least.
std::vector<Method> methods_of(const ExplainOptions& o) {
    std::vector<Method> methods = read_methods(without_all(o), o.method_options);
    const bool original = std::all_of(methods.begin(), methods.end(), [](const Method& m) {
        return m.name == "attention" || m.name == "gradient";
    });
    if (o.per_token && original) {
        methods.emplace_back("saliency");
        methods.emplace_back("input_x_gradient");
    }
    for (Method& method : methods) give_seed(o, method);
    return methods;
}

}  // namespace

ExplainInputs read_model_inputs(const ExplainOptions& o, InputReader& reader) {
    ExplainInputs inputs;
    inputs.lora.reserve(o.lora.size());
    for (const std::string& text : o.lora) inputs.lora.push_back(parse_lora(text));
    at_most_one({{"--chat-template", o.chat_template}, {"--chat-template-file", o.chat_template_file}});
    inputs.chat_template = read_text(reader, "--chat-template", o.chat_template, o.chat_template_file);
    return inputs;
}

ExplainInputs read_explain_inputs(const ExplainOptions& o, InputReader& reader) {
    if (o.model.empty()) throw Error(ErrorCode::usage, "no model given; expected --model FILE");
    ExplainInputs inputs = read_model_inputs(o, reader);
    if (o.task != "automatic") inputs.texts.task = parse_task(o.task);
    inputs.methods = methods_of(o);
    read_targets(o, reader, inputs);
    read_units(o, inputs);
    read_views(o, inputs);
    inputs.objective = parse_objective(o.objective);
    inputs.products = parse_products(o.products);
    inputs.early_stopping = parse_early_stopping(o.early_stopping);
    inputs.texts.assisted = o.assistant.has_value();

    read_prompt(o, reader, inputs.texts);
    read_answers(o, reader, inputs.texts);
    require_inputs(inputs.texts);

    const bool needs_label = inputs.objective == Objective::aligned || inputs.objective == Objective::teacher;
    if (needs_label && !inputs.has_label()) {
        throw Error(ErrorCode::usage,
                    fmt::format("--objective {}: no label given; expected --label TEXT", o.objective));
    }
    return inputs;
}

}  // namespace llmx::cli
