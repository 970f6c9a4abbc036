#include "request/explain_options.hpp"

#include <fmt/format.h>

#include "request/method_options.hpp"
#include "request/numbers.hpp"

namespace llmx::cli {
namespace {

/// A text, or (`kind`) the name of a file or a list that stands for one.
void text(CLI::App& app, const std::string& name, std::optional<std::string>& target, const std::string& help,
          const char* kind = "TEXT") {
    // Through a function: CLI11 reads an empty string into std::optional as "not given".
    app.add_option_function<std::string>(
           name, [&target](const std::string& value) { target = value; }, help)
        ->type_name(kind);
}

template <typename T>
CLI::Option* list(CLI::App& app, const std::string& name, std::vector<T>& target, const std::string& help) {
    return app.add_option(name, target, help)->delimiter(',')->allow_extra_args(false);
}

/// Names in lines of a help's width.
std::string wrapped(const std::vector<std::string>& names) {
    std::string all;
    std::size_t line = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::string name = names[i] + (i + 1 < names.size() ? "," : "");
        if (line > 0 && line + name.size() > 58) {
            all += '\n';
            line = 0;
        }
        all += (line > 0 ? " " : "") + name;
        line += name.size() + 1;
    }
    return all;
}

void declare_task(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group("Task");
    app.add_option("--task", o.task,
                   "question_answering, translation, summarization,\n"
                   "generative_text_chat, generative_text_chat_assistant;\n"
                   "automatic: what the inputs and the model tell")
        ->capture_default_str();
}

void declare_prompts(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group(
        "Prompt of a chat: one of --user, --messages, --prompt, --prompt-ids (- reads standard input)");
    text(app, "--user", o.user, "What the user says, in the model's chat template");
    text(app, "--user-file", o.user_file, "... from a file; one newline at its end is left out", "FILE");
    text(app, "--system", o.system, "The system prompt that goes with --user");
    text(app, "--system-file", o.system_file, "... from a file", "FILE");
    text(app, "--messages", o.messages, "A chat: a JSON list of {\"role\", \"content\"}", "FILE|JSON");
    text(app, "--prompt", o.prompt, "The whole prompt as it is, without template");
    text(app, "--prompt-file", o.prompt_file, "... from a file", "FILE");
    text(app, "--prompt-ids", o.prompt_ids,
         "... as token ids, for every task: 1,2,3 or a file that\nholds them", "IDS|FILE");

    app.option_defaults()->group("Question answering");
    text(app, "--question", o.question, "The question");
    text(app, "--question-file", o.question_file, "... from a file", "FILE");
    text(app, "--context", o.context, "The text that it is about");
    text(app, "--context-file", o.context_file, "... from a file", "FILE");
    text(app, "--token-type-ids", o.token_type_ids, "Of --prompt-ids: 0 for the question, 1 for the context",
         "IDS|FILE");

    app.option_defaults()->group("Translation and summarization");
    text(app, "--source", o.source, "The text to translate or to summarize");
    text(app, "--source-file", o.source_file, "... from a file", "FILE");
    text(app, "--prefix", o.prefix,
         "What stands before it (T5: \"translate English to German: \"),\n"
         "or the instruction to a model that follows instructions;\n"
         "default: the checkpoint's own, or the task's");
}

void declare_answers(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group("Ground truth, and an answer from elsewhere");
    text(app, "--label", o.label, "The ground truth for the gradient's loss");
    text(app, "--label-file", o.label_file, "... from a file", "FILE");
    text(app, "--label-ids", o.label_ids, "... as token ids", "IDS|FILE");
    text(app, "--label-span", o.label_span, "... as characters A to B - 1 of the context, from 0", "A:B");
    text(app, "--answer", o.answer, "Explain this answer; nothing is generated");
    text(app, "--answer-file", o.answer_file, "... from a file", "FILE");
    text(app, "--answer-ids", o.answer_ids, "... as token ids", "IDS|FILE");
}

void declare_method(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group("Explanation");
    std::vector<std::string> names;
    for (const MethodFacts& facts : known_methods()) names.push_back(facts.name);
    list(app, "--method", o.method,
         fmt::format("NAME[:OPTION=VALUE...] of\n{}\nor all (default: attention,gradient)", wrapped(names)));
    app.add_option("--objective", o.objective,
                   "What the gradient differentiates. aligned: loss of\n"
                   "the label's tokens against the answer's rows;\n"
                   "teacher: the label, replayed; generated: the answer;\n"
                   "automatic: aligned with a label, generated without")
        ->capture_default_str();
    app.add_flag("--per-token", o.per_token,
                 "Targets are the answer's tokens one by one; where no method\n"
                 "besides the default ones is asked for, by saliency and\n"
                 "input_x_gradient");
    app.add_flag("--attention-weights", o.attention_weights,
                 "Keep the softmax weights (large; for --tensors)");
    app.add_flag("--all-rows", o.all_rows, "... of the prompt's rows too");
    app.add_flag("--hidden-states", o.hidden_states,
                 "Keep the residual stream after each block (for --tensors)");
    list(app, "--layer-names", o.layer_names,
         "Modules of query, key, value; see llmx modules\n(default: q_proj,k_proj,v_proj)");
    app.add_flag("--is-input", o.is_input, "Take the modules' inputs instead of their outputs");
    app.add_flag("--strict", o.strict, "A module name must match whole");
    list(app, "--positions", o.positions, "Argument of each module to take; they have one: 0");
    add_number(app, "--input-shape", o.input_shape, "Tokens of the prompt; 0: all");
    app.add_option("--embedding-name", o.embedding_name, "The embedding module; default: the model's own");
}

void declare_targets(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group("Targets and units, of every method but attention and gradient");
    text(app, "--target-span", o.target_span, "Explain these words of the answer, or its tokens A to B - 1",
         "TEXT|A:B");
    add_number(app, "--alternatives", o.alternatives,
               "Explain the so many most probable tokens at each place of\nthe span, one by one");
    text(app, "--contrast", o.contrast, "Explain why the answer rather than this one");
    text(app, "--contrast-file", o.contrast_file, "... from a file", "FILE");
    app.add_option("--measure", o.measure,
                   "logprob, probability, logit, entropy, kl (from the model without\n"
                   "the context, --context-span)")
        ->capture_default_str();
    app.add_option("--sources", o.sources, "prompt; all: earlier answer tokens too")->capture_default_str();
    text(app, "--context-span", o.context_span,
         "What of the prompt is the context: its words, or characters\nA to B - 1", "TEXT|A:B");
    app.add_option(
           "--unit", o.unit,
           "token, word, sentence, line, paragraph, turn, role, regex,\nspans: what scores are given to")
        ->capture_default_str();
    text(app, "--unit-pattern", o.unit_pattern, "Of --unit regex: each match is a unit", "REGEX");
    list(app, "--unit-spans", o.unit_spans, "Of --unit spans: characters A to B - 1 of the prompt's text")
        ->type_name("A:B,...");
    app.add_option("--aggregation", o.aggregation, "Of tokens' scores: sum, mean, max_abs")
        ->capture_default_str();
    app.add_option(
           "--hold", o.hold,
           "Tokens that stay in every text and take no score: none,\nspecial, template (also what the "
           "chat template adds)")
        ->capture_default_str();
}

void declare_views(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group("Data for the views of a report (docs/report.md)");
    list(app, "--views", o.views,
         "attention: weights of single heads; neuron: queries and keys;\nnone; automatic: both where --html "
         "and --method attention are\ngiven. They are thinned to fit");
    app.add_option("--view-budget", o.view_budget,
                   "What they take in the JSON together; 0: no bound\n(default: 2000000)")
        ->transform(CLI::AsSizeValue(false).description(""))
        ->type_name("BYTES|SIZE");
    list(app, "--view-blocks", o.view_blocks, "Of these blocks only; default: all");
    add_number(
        app, "--logit-lens", o.logit_lens,
        "The most probable tokens after every block, by the model's\nown head; 0: none, without a number: 5")
        ->expected(0, 1)
        ->default_str("5")  // what it stands for without a number
        ->option_text("[INT]");
}

void declare_check(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group("Faithfulness");
    app.add_flag("--check", o.check,
                 "Measure how faithful each method's scores are: what the answer\n"
                 "loses without the units of highest score, and keeps with them\n"
                 "alone, beside random rankings (docs/faithfulness.md)");
    add_number(app, "--seeds", o.seeds,
               "Random rankings; each takes 18 runs of the model, as each\nmethod does", 2);
    app.add_option("--absence", o.absence,
                   "What takes an absent unit's place: token, deletion, attention_mask")
        ->capture_default_str();
}

void declare_generation(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group("Generation");
    add_number(app, "--max-new-tokens", o.max_new_tokens, "Tokens of the answer at most", 1);
    add_number(app, "--temperature", o.temperature, "0: greedy");
    add_number(app, "--top-k", o.top_k, "0: all tokens");
    add_number(app, "--top-p", o.top_p, "1: all tokens", 0, 1);
    add_number(app, "--repetition-penalty", o.repetition_penalty, "1: none", 0.01F);
    add_number(app, "--seed", o.seed, "Of the sampling, and of methods that draw samples");
    text(app, "--assistant", o.assistant,
         "Speculative decoding: a smaller model of the same\nvocabulary drafts, or prompt-lookup: the text "
         "so far",
         "FILE|prompt-lookup");
    add_number(app, "--draft-tokens", o.draft_tokens, "Longest draft", 1);
    add_number(app, "--num-beams", o.num_beams, "Beam search; 1: none", 1);
    add_number(app, "--length-penalty", o.length_penalty, "A beam's score: sum of log p / length^this", -100,
               100);
    app.add_option("--early-stopping", o.early_stopping, "no, yes, never, as in Hugging Face's beam search")
        ->capture_default_str();
}

void declare_resources(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group("Resources");
    add_number(app, "--ubatch", o.ubatch, "Tokens of the replay that are run at a time; 0: all");
    add_number(app, "--threads", o.threads, "0: the machine's cores", 0, 4096);
    add_number(app, "--context-tokens", o.context_tokens,
               "Tokens allowed; 0: as many as the model was trained on");
    app.add_option("--products", o.products, "float32 or bfloat16, in the reverse pass")
        ->capture_default_str();
    app.add_option("--memory-budget", o.memory_budget, "For recorded values; 0: no bound (default: 2GB)")
        ->transform(CLI::AsSizeValue(false).description(""))
        ->type_name("BYTES|SIZE");
}

void declare_output(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group("Output");
    text(app, "--json", o.json, "The result as JSON; -: to standard output, and only that", "FILE");
    text(app, "--html", o.html, "The result as one self-contained HTML page", "FILE");
    text(app, "--tensors", o.tensors, "Raw tensors as safetensors", "FILE");
    app.add_option("--color", o.color, "auto, always, never")->capture_default_str();
    app.add_flag("--quiet", o.quiet, "No text, progress or warnings; errors only");
    text(app, "--request", o.request,
         "Options as a JSON object, keys like the flags but in\nsnake_case; a flag goes before a key",
         "FILE");
}

void declare_model(CLI::App& app, ExplainOptions& o) {
    app.option_defaults()->group("Model");
    app.add_option("--model", o.model, "The model: a GGUF file or a Hugging Face directory")
        ->type_name("PATH");
    app.add_option("--lora", o.lora, "A LoRA adapter in GGUF, to be given several times")
        ->type_name("FILE[:SCALE]")
        ->allow_extra_args(false);
    list(
        app, "--rpc", o.rpc,
        "Servers that take the model's layers: ggml-rpc-server of\nllama.cpp on other machines (docs/rpc.md)")
        ->type_name("HOST:PORT,...");
    text(app, "--chat-template", o.chat_template, "A Jinja chat template in place of the model's own",
         "JINJA");
    text(app, "--chat-template-file", o.chat_template_file, "... from a file", "FILE");
    text(app, "--qa-head", o.qa_head,
         "qa_outputs.weight and .bias as safetensors, for the GGUF of\nan encoder; a directory has its own",
         "FILE");
}

}  // namespace

void declare_request_options(CLI::App& app, ExplainOptions& options) {
    declare_model(app, options);
    declare_task(app, options);
    declare_prompts(app, options);
    declare_answers(app, options);
    declare_method(app, options);
    declare_targets(app, options);
    declare_views(app, options);
    declare_check(app, options);
    declare_generation(app, options);
    declare_resources(app, options);
    declare_method_options(app, options.method_options);
    app.option_defaults()->group("Output");
    app.add_flag("--raw", options.raw, "median_raw_df and the gradient in the JSON too (large)");
}

void declare_service_options(CLI::App& app, ExplainOptions& options) {
    declare_model(app, options);
    declare_generation(app, options);
    declare_resources(app, options);
}

void declare_explain_options(CLI::App& app, ExplainOptions& options) {
    declare_request_options(app, options);
    declare_output(app, options);
}

}  // namespace llmx::cli
