#include "request/pipeline.hpp"

#include <fmt/format.h>

#include <chrono>
#include <llmx/error.hpp>
#include <llmx/task.hpp>

namespace llmx::cli {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

void require_context(std::size_t prompt, std::size_t answer, bool generated, const ExplainOptions& options,
                     const Model& model) {
    const int limit = options.context_tokens > 0 ? options.context_tokens : model.facts().context;
    if (limit <= 0 || prompt + answer <= static_cast<std::size_t>(limit)) return;
    throw Error(
        ErrorCode::context_overflow,
        fmt::format("prompt of {} tokens and answer of {}{} make {}; {} {}; shorten them{} or allow more "
                    "with --context-tokens {}",
                    prompt, generated ? "up to " : "", answer, prompt + answer,
                    options.context_tokens > 0 ? "--context-tokens allows" : "the model's context is", limit,
                    generated ? ", lower --max-new-tokens" : "", prompt + answer));
}

/// Writes the drafts of speculative decoding: a model, or nothing but the text.
struct Assistant {
    std::optional<Model> model;
    bool prompt_lookup = false;
};

Assistant load_assistant(const ExplainOptions& options, Activity& activity) {
    if (!options.assistant) return {};
    if (*options.assistant == "prompt-lookup") return {std::nullopt, true};
    return {Model::load(*options.assistant, {.threads = options.threads, .progress = activity.progress()}),
            false};
}

Generation generate(const Model& model, const Tokens& prompt, const ExplainOptions& options,
                    const ExplainInputs& inputs, Activity& activity) {
    const Assistant assistant = load_assistant(options, activity);
    GenerateOptions g;
    g.assistant = assistant.model ? &*assistant.model : nullptr;
    g.prompt_lookup = assistant.prompt_lookup;
    g.draft_tokens = options.draft_tokens;
    g.num_beams = options.num_beams;
    g.length_penalty = options.length_penalty;
    g.early_stopping = inputs.early_stopping;
    g.max_new_tokens = options.max_new_tokens;
    g.temperature = options.temperature;
    g.top_k = options.top_k;
    g.top_p = options.top_p;
    g.repetition_penalty = options.repetition_penalty;
    g.seed = options.seed;
    // --context-tokens is a bound, checked before; memory is taken for what can be written only.
    if (options.context_tokens > 0) g.context = static_cast<int>(prompt.size()) + options.max_new_tokens;
    g.on_token = [&](Token, std::string_view text) {
        activity.stream(text);
        return true;
    };
    g.progress = activity.progress();
    return model.generate(prompt, g);
}

/// How to explain: all of a request that is no text.
void apply(const ExplainOptions& options, const ExplainInputs& inputs, const Model& model, Request& request) {
    request.objective = inputs.objective;
    request.layer_names = options.layer_names;
    request.is_input = options.is_input;
    request.strict = options.strict;
    request.positions = options.positions;
    request.input_shape = options.input_shape;
    request.embedding_name = options.embedding_name;
    request.target = inputs.target;
    if (inputs.contrast) request.target.contrast = model.tokenize(*inputs.contrast);
    UnitChoice units = inputs.units;
    units.parts = std::move(request.units.parts);  // the prompt's, found with it
    units.unplaced = std::move(request.units.unplaced);
    request.units = std::move(units);
    if (options.check) request.check = Check{.random_seeds = options.seeds, .absence = options.absence};
    request.all_attention_rows = options.all_rows;
    request.keep_attention = options.attention_weights;
    request.keep_hidden = options.hidden_states;
    request.views = inputs.views;
    request.products = inputs.products;
    request.memory_budget = options.memory_budget;
    request.context = options.context_tokens;
    request.micro_batch = options.ubatch;
}

}  // namespace

Model load_model(const ExplainOptions& options, const ExplainInputs& inputs, Activity& activity,
                 int redrawn_blocks) {
    return Model::load(options.model, {.threads = options.threads,
                                       .chat_template = inputs.chat_template.value_or(""),
                                       .qa_head = options.qa_head.value_or(""),
                                       .lora = inputs.lora,
                                       .rpc = options.rpc,
                                       .redrawn_blocks = redrawn_blocks,
                                       .redraw_seed = options.seed,
                                       .progress = activity.progress()});
}

ReadyRequest prepared(const Model& model, const ExplainOptions& options, const ExplainInputs& inputs,
                      Activity& activity) {
    ReadyRequest ready{.texts = completed(model, inputs.texts)};
    Request& request = ready.request;
    request = prepare(model, ready.texts);
    apply(options, inputs, model, request);
    request.progress = activity.progress();
    if (model.facts().kind == ModelKind::decoder) {
        const bool generates = !inputs.has_answer();
        const auto answer =
            generates ? static_cast<std::size_t>(options.max_new_tokens) : request.output.ids.size();
        require_context(request.input_ids.size(), answer, generates, options, model);
    }
    return ready;
}

void write_answer(const Model& model, ReadyRequest& ready, const ExplainOptions& options,
                  const ExplainInputs& inputs, Activity& activity) {
    if (model.facts().kind == ModelKind::encoder) return;
    Request& request = ready.request;
    const auto start = Clock::now();
    if (!inputs.has_answer()) request.output = generate(model, request.input_ids, options, inputs, activity);
    ready.generate_s = seconds_since(start);
    if (request.output.ids.empty()) {
        throw Error(ErrorCode::input,
                    "answer: the model wrote nothing; give one with --answer, or another prompt");
    }
    activity.clear();
    activity.require_wanted();
}

ReadyRequest make_ready(const Model& model, const ExplainOptions& options, const ExplainInputs& inputs,
                        Activity& activity) {
    ReadyRequest ready = prepared(model, options, inputs, activity);
    write_answer(model, ready, options, inputs, activity);
    return ready;
}

Explanation explained(const Model& model, const ReadyRequest& ready, const ExplainInputs& inputs,
                      double load_s) {
    const auto start = Clock::now();
    Explanation result = Explainer(model, inputs.methods).compute(ready.request);
    result.timings.insert(result.timings.begin(), {{"load", load_s}, {"generate", ready.generate_s}});
    result.timings.emplace_back("total", load_s + ready.generate_s + seconds_since(start));
    return result;
}

Explained explain(Model model, double load_s, const ExplainOptions& options, const ExplainInputs& inputs,
                  Activity& activity) {
    ReadyRequest ready = make_ready(model, options, inputs, activity);
    Explanation result = explained(model, ready, inputs, load_s);
    return {std::move(model), std::move(ready.texts), std::move(result)};
}

Explained explain(const ExplainOptions& options, const ExplainInputs& inputs, Activity& activity) {
    const auto start = Clock::now();
    Model model = load_model(options, inputs, activity);
    return explain(std::move(model), seconds_since(start), options, inputs, activity);
}

}  // namespace llmx::cli
