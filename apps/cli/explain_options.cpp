#include "explain_options.hpp"

namespace llmx::cli {
namespace {

void text(CLI::App& app, const std::string& name, std::optional<std::string>& target,
          const std::string& help) {
    // Through a function: CLI11 reads an empty string into std::optional as "not given".
    app.add_option_function<std::string>(
           name, [&target](const std::string& value) { target = value; }, help)
        ->run_callback_for_default(false);
}

template <typename T>
void list(CLI::App& app, const std::string& name, std::vector<T>& target, const std::string& help) {
    app.add_option(name, target, help)->delimiter(',')->allow_extra_args(false)->capture_default_str();
}

void declare_texts(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group(
        "Prompt (one of --user, --messages, --prompt, --prompt-ids; - reads standard input)");
    text(app, "--user", o.user, "What the user says, in the model's chat template");
    text(app, "--user-file", o.user_file, "... from a file (one newline at the end is left out)");
    text(app, "--system", o.system, "The system prompt that goes with --user");
    text(app, "--system-file", o.system_file, "... from a file");
    text(app, "--messages", o.messages, "A chat: JSON list of {\"role\", \"content\"}, a file or in place");
    text(app, "--prompt", o.prompt, "The whole prompt as it is, without template");
    text(app, "--prompt-file", o.prompt_file, "... from a file");
    text(app, "--prompt-ids", o.prompt_ids, "Token ids: 1,2,3 or a file that holds them");

    app.option_defaults()->group("Ground truth, and an answer from elsewhere");
    text(app, "--label", o.label, "The ground truth for the gradient's loss");
    text(app, "--label-file", o.label_file, "... from a file");
    text(app, "--label-ids", o.label_ids, "... as token ids");
    text(app, "--answer", o.answer, "Explain this answer; nothing is generated");
    text(app, "--answer-file", o.answer_file, "... from a file");
    text(app, "--answer-ids", o.answer_ids, "... as token ids");
}

void declare_method(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group("Explanation");
    app.add_option("--task", o.task, "generative_text_chat")->capture_default_str();
    list(app, "--method", o.method, "attention, gradient");
    app.add_option("--objective", o.objective,
                   "aligned: the label's tokens against the answer's rows; teacher: the label replayed; "
                   "generated: the answer; automatic: aligned with a label, generated without")
        ->capture_default_str();
    app.add_flag("--per-token", o.per_token, "Also saliency and input x gradient of every answer token");
    app.add_flag("--attention-weights", o.attention_weights, "Keep the softmax weights (--tensors; large)");
    app.add_flag("--all-rows", o.all_rows, "... of the prompt's rows too");
    list(app, "--layer-names", o.layer_names, "Modules of query, key and value; see llmx modules");
    app.add_flag("--is-input", o.is_input, "Take the modules' inputs instead of their outputs");
    app.add_flag("--strict", o.strict, "A module name must match whole");
    list(app, "--positions", o.positions, "Argument of each module to take");
    app.add_option("--input-shape", o.input_shape, "Tokens of the prompt; 0: all")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("--embedding-name", o.embedding_name, "The embedding module; default: the model's own");
}

void declare_generation(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group("Generation");
    app.add_option("--max-new-tokens", o.max_new_tokens, "Tokens of the answer at most")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--temperature", o.temperature, "0: greedy")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("--top-k", o.top_k, "0: all tokens")->check(CLI::NonNegativeNumber)->capture_default_str();
    app.add_option("--top-p", o.top_p)->check(CLI::Range(0.0F, 1.0F))->capture_default_str();
    app.add_option("--repetition-penalty", o.repetition_penalty, "1: none")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--seed", o.seed)->capture_default_str();
}

void declare_resources(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group("Resources");
    app.add_option("--threads", o.threads, "0: the machine's cores")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("--context", o.context, "Tokens allowed; 0: as many as the model was trained on")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("--products", o.products, "float32 or bfloat16, in the reverse pass")
        ->capture_default_str();
    app.add_option("--memory-budget", o.memory_budget, "For recorded values, e.g. 500MB; 0: no bound")
        ->transform(CLI::AsSizeValue(false))
        ->default_str("2GB");
}

void declare_output(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group("Output");
    text(app, "--json", o.json, "Write the result as JSON to a file; -: to standard output, and only that");
    text(app, "--tensors", o.tensors, "Write raw tensors as safetensors to a file");
    app.add_flag("--raw", o.raw, "median_raw_df and the gradient in the JSON too (large)");
    app.add_option("--color", o.color, "auto, always, never")->capture_default_str();
    app.add_flag("--quiet", o.quiet, "No text, progress or warnings; errors only");
    text(app, "--request", o.request,
         "Options as a JSON object, keys like the flags in snake_case (a file or -); flags come first");
}

}  // namespace

void declare_explain_options(CLI::App& app, ExplainOptions& options) {
    app.add_option("--model", options.model, "The model, a GGUF file");
    declare_texts(app, options);
    declare_method(app, options);
    declare_generation(app, options);
    declare_resources(app, options);
    declare_output(app, options);
}

}  // namespace llmx::cli
