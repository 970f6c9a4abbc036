#pragma once
// The options of `llmx explain`: as flags, as a JSON request with the same keys, and as the "command"
// object of the result.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <llmx/methods.hpp>
#include <llmx/task.hpp>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "request/input.hpp"

namespace llmx::cli {

/// What was given, unread and unchecked.
struct ExplainOptions {
    using Text = std::optional<std::string>;

    std::string model;
    std::string task = "automatic";
    Text system, system_file, user, user_file, prompt, prompt_file, messages, prompt_ids;
    Text chat_template, chat_template_file;
    Text question, question_file, context, context_file, token_type_ids;
    Text source, source_file, prefix, qa_head;
    Text label, label_file, label_ids, label_span;
    Text answer, answer_file, answer_ids;

    std::vector<std::string> method = {"attention", "gradient"};
    std::string objective = "automatic";
    std::map<std::string, std::string> method_options;
    Text target_span, contrast, contrast_file;
    int alternatives = 0;
    std::string measure = "logprob", sources = "prompt";
    std::string unit = "token", aggregation = "sum", hold = "none";
    Text unit_pattern, context_span;
    std::vector<std::string> unit_spans;
    bool check = false;
    int seeds = Check().random_seeds;
    std::string absence = Check().absence;
    bool per_token = false, attention_weights = false, all_rows = false, hidden_states = false;
    std::vector<std::string> views = {"automatic"};
    std::vector<int> view_blocks;
    std::uint64_t view_budget = ViewChoice().budget;
    int logit_lens = 0;
    std::vector<std::string> layer_names = {"q_proj", "k_proj", "v_proj"};
    bool is_input = false, strict = false;
    std::vector<int> positions;
    int input_shape = 0;
    std::string embedding_name;

    int max_new_tokens = 100;
    float temperature = 0, top_p = 1, repetition_penalty = 1;
    int top_k = 0;
    std::uint32_t seed = 0;
    Text assistant;
    int draft_tokens = 5;
    int num_beams = 1;
    float length_penalty = 1;
    std::string early_stopping = "no";

    std::vector<std::string> lora, rpc;
    int threads = 0, context_tokens = 0, ubatch = 0;
    std::string products = "float32";
    std::uint64_t memory_budget = std::uint64_t{2} << 30;

    Text json, html, tensors, request;
    std::string color = "auto";
    bool raw = false, quiet = false;
};

/// The texts, ids and names of the options, read and checked as far as no model is needed.
struct ExplainInputs {
    TaskInputs texts;
    std::optional<std::string> chat_template;  // Jinja, in place of the model's own
    std::vector<Method> methods;
    Objective objective{};
    TargetChoice target;  ///< without the contrast's tokens
    std::optional<std::string> contrast;
    UnitChoice units;
    ViewChoice views;
    Products products{};
    EarlyStopping early_stopping{};
    std::vector<Lora> lora;

    [[nodiscard]] bool has_label() const { return texts.label || texts.label_ids || texts.label_span; }
    [[nodiscard]] bool has_answer() const { return texts.answer || texts.answer_ids; }
};

/// A request's options, and what they give.
struct ReadRequest {
    ExplainOptions options;
    ExplainInputs inputs;
};

/// Declares on `app` the flags that make up a request; parsing fills `options`, which must outlive it.
void declare_request_options(CLI::App& app, ExplainOptions& options);
/// Of those: what a service is started with, its model and the defaults of its requests.
void declare_service_options(CLI::App& app, ExplainOptions& options);
/// ... and those that say where its result goes and how it is shown.
void declare_explain_options(CLI::App& app, ExplainOptions& options);

/// Fills in options of `app` from a JSON object whose keys are its flags in snake_case, except what the
/// command line gave `command`: that stays. Throws Error{usage} for an unknown key or a wrong type.
void apply_request(CLI::App& app, const std::string& json_text, const CLI::App& command);

/// One request's options: what the command line gave `command` (parsed into `given`) and, of all the rest,
/// what the JSON object says. Its keys are those of `declare_request_options`.
ExplainOptions options_of(const CLI::App& command, const ExplainOptions& given, const std::string& json_text);

/// Throws Error{usage} for names that are not known and for sources that exclude each other,
/// Error{input} for texts that cannot be used.
ExplainInputs read_explain_inputs(const ExplainOptions& options, InputReader& reader);

/// Of those, what `load_model` reads.
ExplainInputs read_model_inputs(const ExplainOptions& options, InputReader& reader);

/// The request as it is carried out, files and defaults filled in: a request that repeats it.
/// `texts`: the inputs, completed by the model.
std::string command_json(const ExplainOptions& options, const ExplainInputs& inputs, const TaskInputs& texts);

}  // namespace llmx::cli
