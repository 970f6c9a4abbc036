// llmx explain: prompt and answer in, scores out.

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <llmx/error.hpp>
#include <llmx/task.hpp>
#include <llmx/view.hpp>
#include <memory>

#include "commands.hpp"
#include "core/files.hpp"
#include "core/memory.hpp"
#include "explain_options.hpp"
#include "explain_text.hpp"
#include "terminal.hpp"

namespace llmx::cli {
namespace {

constexpr const char* footer = R"(Examples:
  llmx explain --model m.gguf --system "Be brief." --user "When is the shop open?"
  llmx explain --model m.gguf --user-file question.txt --label "From 8 to 5." --json result.json
  llmx explain --model m.gguf --prompt "Once upon a time" --answer " there was a fox" --method gradient
  llmx explain --model bert-qa --question "Who came?" --context "Ada came at noon." --label Ada
  llmx explain --model t5 --task translation --source "The house is small." \
               --prefix "translate English to German: "
  llmx explain --model m.gguf --assistant small.gguf --user "When is the shop open?" --draft-tokens 8
  llmx explain --model t5 --task summarization --source-file article.txt --label-file gist.txt
  echo '{"model": "m.gguf", "user": "Hello"}' | llmx explain --request - --json -
Exit codes: see llmx --help.)";

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

bool to_standard_output(const ExplainOptions::Text& path) { return path && *path == "-"; }

/// Before any work whose result would be lost.
void require_places(const ExplainOptions& options) {
    if (to_standard_output(options.tensors)) {
        throw Error(ErrorCode::usage, "--tensors: - is not possible; expected a file name");
    }
    if (options.json && options.json == options.tensors) {
        throw Error(ErrorCode::usage,
                    fmt::format("--json, --tensors: both say {}; expected two files", *options.json));
    }
    if (options.json && !to_standard_output(options.json)) require_writable_place(*options.json);
    if (options.tensors) require_writable_place(*options.tensors);
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
    const std::vector<UnitChoice::Part> parts = std::move(request.units.parts);
    request.units = inputs.units;
    request.units.parts = parts;
    request.all_attention_rows = options.all_rows;
    request.keep_attention = options.attention_weights;
    request.keep_hidden = options.hidden_states;
    request.products = inputs.products;
    request.memory_budget = options.memory_budget;
    request.context = options.context_tokens;
    request.micro_batch = options.ubatch;
}

struct Explained {
    Model model;
    TaskInputs texts;  ///< completed
    Explanation result;
};

Explained compute(const ExplainOptions& options, const ExplainInputs& inputs, Activity& activity) {
    const auto start = Clock::now();
    Model model = Model::load(options.model, {.threads = options.threads,
                                              .chat_template = inputs.chat_template.value_or(""),
                                              .qa_head = options.qa_head.value_or(""),
                                              .lora = inputs.lora,
                                              .progress = activity.progress()});
    const double load_s = seconds_since(start);

    TaskInputs texts = completed(model, inputs.texts);
    Request request = prepare(model, texts);
    apply(options, inputs, model, request);
    const bool writes = model.facts().kind != ModelKind::encoder;
    const bool generates = writes && !inputs.has_answer();
    if (model.facts().kind == ModelKind::decoder) {
        const auto answer =
            generates ? static_cast<std::size_t>(options.max_new_tokens) : request.output.ids.size();
        require_context(request.input_ids.size(), answer, generates, options, model);
    }

    const auto generation_start = Clock::now();
    if (generates) request.output = generate(model, request.input_ids, options, inputs, activity);
    const double generate_s = seconds_since(generation_start);
    if (writes && request.output.ids.empty()) {
        throw Error(ErrorCode::input,
                    "answer: the model wrote nothing; give one with --answer, or another prompt");
    }
    activity.clear();
    require_not_interrupted();

    request.progress = activity.progress();
    Explanation result = Explainer(model, inputs.methods).compute(request);
    std::erase_if(result.timings, [](const auto& stage) { return stage.first == "total"; });
    result.timings.insert(result.timings.begin(), {{"load", load_s}, {"generate", generate_s}});
    result.timings.emplace_back("total", seconds_since(start));
    result.peak_rss = peak_rss();
    return {std::move(model), std::move(texts), std::move(result)};
}

/// Everything that was asked for is tried before the first failure is reported.
void write_files(const ExplainOptions& options, const ExplainInputs& inputs, const Explained& explained) {
    std::exception_ptr failure;
    const auto attempt = [&](const auto& write) {
        try {
            write();
        } catch (const Error&) {
            if (!failure) failure = std::current_exception();
        }
    };
    if (options.tensors) attempt([&] { view::safetensors(*options.tensors, explained.result); });
    if (options.json) {
        attempt([&] {
            const view::JsonContext context{command_json(options, inputs, explained.texts), options.raw};
            const std::string text = view::json(explained.result, explained.model, context) + '\n';
            if (to_standard_output(options.json)) {
                std::cout << text;
            } else {
                write_file_atomically(*options.json, text);
            }
        });
    }
    if (failure) std::rethrow_exception(failure);
}

void run(CLI::App& app, ExplainOptions& options) {
    InputReader reader;
    if (options.request) apply_request(app, reader.file("--request", *options.request));
    const bool color = wants_color(options.color);
    const ExplainInputs inputs = read_explain_inputs(options, reader);
    require_places(options);

    catch_interrupts();
    Activity activity(options.quiet || to_standard_output(options.json));
    const Explained explained = compute(options, inputs, activity);
    activity.clear();
    require_not_interrupted();

    if (!options.quiet) {
        for (const std::string& warning : explained.result.warnings) {
            fmt::print(stderr, "llmx: warning: {}\n", view::printable(warning));
        }
        if (!to_standard_output(options.json)) {
            print_explanation(std::cout, explained.result, color);
            std::cout.flush();
        }
    }
    write_files(options, inputs, explained);
}

}  // namespace

Command add_explain(CLI::App& program) {
    CLI::App* app = program.add_subcommand("explain", "Show which tokens of the prompt an answer rests on");
    app->footer(footer);
    auto options = std::make_shared<ExplainOptions>();
    declare_explain_options(*app, *options);
    return {app, [app, options] { run(*app, *options); }};
}

}  // namespace llmx::cli
