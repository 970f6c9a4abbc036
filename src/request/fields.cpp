#include "request/fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "core/split.hpp"
#include "request/enum_words.hpp"
#include "request/method_text.hpp"
#include "request/option_fields.hpp"
#include "task/inputs.hpp"

namespace llmx::request {
namespace {

const Words<MatmulPrecision> products_words = {{MatmulPrecision::automatic, "automatic"},
                                               {MatmulPrecision::float32, "float32"},
                                               {MatmulPrecision::bfloat16, "bfloat16"}};
const Words<EarlyStopping> early_stopping_words = {
    {EarlyStopping::no, "no"}, {EarlyStopping::yes, "yes"}, {EarlyStopping::never, "never"}};
const Words<bool> sources_words = {{false, "prompt"}, {true, "all"}};

void visit_task(Rows& v, ExplainRequest& r) {
    v.group("Task");
    Field& field = v.word("task", r.texts.task, task_words(),
                          "What is asked of the model. automatic: inferred from "
                          "the inputs and the kind of model.");
    field.set = [set = field.set](const Json& value) {
        set(value == "summarizations" ? Json("summarization") : value);  // the original toolbox's spelling
    };
}

void visit_methods(Rows& v, ExplainRequest& r) {
    Field& field = v.add(
        {.key = "method",
         .group = {},
         .help =
             "Methods, each as NAME or NAME:OPTION=VALUE...; all: every one that applies; automatic: "
             "value_norm and "
             "saliency, or what of them the model and the target allow, and gradient where there is a label.",
         .kind = Kind::name,
         .list = true,
         .commas = true,
         .words = method_names(),
         .facts = {.shown = "NAME[:OPTION=VALUE...],..."},
         .set = {},
         .get = {}});
    field.set = [&r](const Json& value) {
        std::vector<Method> methods;
        for (const Json& entry : read_list(value)) {
            methods.push_back(parse_method(read_string("method", entry)));
            if (methods.size() > 100) refuse("method", value, "at most 100 methods");
        }
        if (methods.empty()) refuse("method", value, "at least one method");
        r.methods = std::move(methods);
    };
    field.get = [&r] {
        Json list = Json::array();
        for (const Method& method : r.methods) list.push_back(spelled(method));
        return list;
    };
}

void visit_explanation(Rows& v, ExplainRequest& r) {
    Request& how = r.how;
    v.group("Explanation");
    visit_methods(v, r);
    v.word("objective", how.objective, objective_words(),
           "What the gradient differentiates. aligned: the loss of the label's tokens against the answer's "
           "rows; "
           "teacher: the label, replayed; generated: the answer; automatic: teacher if there is a label "
           "(aligned for "
           "an encoder), else generated.");
    v.flag(
        "per_token", how.target.each,
        "Explain the answer's tokens one by one. If only attention and gradient are asked for, saliency and "
        "input_x_gradient are added.");
    v.flag("attention_weights", how.keep_attention,
           "Keep the softmax weights (large; for the tensors file).");
    v.flag("all_rows", how.all_attention_rows, "Keep the attention rows of the prompt too.");
    v.flag("hidden_states", how.keep_hidden,
           "Keep the residual stream after each block (for the tensors file).");
    v.list("layer_names", how.layer_names, "The query, key and value modules; llmx modules lists names.");
    v.flag("is_input", how.is_input, "Take the inputs of these modules instead of their outputs.");
    v.flag("strict", how.strict, "A module name must match in full.");
    v.list("positions", how.positions, "Which argument of each module to take. Modules have one: 0.");
    v.integer("input_shape", how.input_shape, "Number of prompt tokens; 0: all.", {.low = 0});
    v.text("embedding_name", how.embedding_name, "The embedding module. Default: the model's own.");
}

void visit_targets(Rows& v, ExplainRequest& r) {
    TargetChoice& target = r.how.target;
    UnitChoice& units = r.how.units;
    v.group("Targets and units, for every method but attention and gradient");
    v.place("target_span", target.span, target.span_text,
            "Explain these words of the answer, or its tokens A to B - 1 ([A, B] where A:B are words of it "
            "too).");
    v.integer("alternatives", target.alternatives,
              "Explain the N most probable tokens at each position of the span, one by one.",
              {.low = 0, .high = 1000});
    v.word("measure", target.measure, measure_words(),
           "What is measured of the target's tokens. kl compares with the model without the context "
           "(context_span).");
    v.word("sources", target.all_sources, sources_words,
           "What scores are given to: the prompt, or earlier answer tokens too.");
    v.place(
        "context_span", units.context, units.context_text,
        "The part of the prompt that is the context: its words, or characters A to B - 1 ([A, B] where A:B "
        "are words of it too).");
    v.word("unit", units.kind, unit_words(), "The unit of text that gets one score.");
    v.text("unit_pattern", units.pattern, "For unit regex: each match is a unit.", {.shown = "REGEX"});
    v.list("unit_spans", units.spans, "For unit spans: characters A to B - 1 of the prompt's text.");
    v.word("aggregation", units.aggregation, aggregation_words(),
           "How the scores of a unit's tokens become the score of the unit. automatic: sum for methods whose "
           "scores have signs, else mean.");
    v.word(
        "hold", units.fixed, fixed_words(),
        "Tokens that stay in every text and get no score: none, control tokens (special), or also what the "
        "chat template adds (template). automatic: template in chats, else none.");
}

void visit_comparisons(Rows& v, ExplainRequest& r) {
    v.texts("reference_texts", r.how.reference_texts, 100,
            "Texts that expected_gradients compares with, instead of texts of random tokens. Each takes the "
            "place of the tokens that are not held, cut or padded to their number.");
    v.pairs(
        "replacements", r.how.replacements, 1000,
        "What stands in a unit's place where a perturbation takes it away, instead of baseline: UNIT=TEXT, "
        "where UNIT is the unit's text or its number from 0 on. JSON also takes an object {UNIT: TEXT}.",
        "UNIT=TEXT");
}

void visit_view_kinds(Rows& v, ExplainRequest& r) {
    static const std::vector<std::string> words = {"automatic", "attention", "neuron", "none"};
    Field& field = v.add(
        {.key = "views",
         .group = {},
         .help =
             "attention: the weights of single heads; neuron: queries and keys; automatic: both, "
             "for an HTML report whose methods are automatic or include attention. They are thinned to fit.",
         .kind = Kind::word,
         .list = true,
         .commas = true,
         .words = words,
         .set = {},
         .get = {}});
    field.set = [&r](const Json& value) {
        ExplainRequest given;
        given.automatic_views = false;
        const std::vector<Json> entries = read_list(value);
        for (const Json& entry : entries) {
            const std::size_t word = index_of_word("views", entry, words);
            if (word == 3 && entries.size() > 1)
                throw Error(ErrorCode::usage,
                            "`views`: none is given with others; expected none alone, or names");
            given.automatic_views |= word == 0;
            given.how.views.attention |= word == 1;
            given.how.views.neuron |= word == 2;
        }
        r.automatic_views = given.automatic_views;
        r.how.views.attention = given.how.views.attention;
        r.how.views.neuron = given.how.views.neuron;
    };
    field.get = [&r] {
        Json list = Json::array();
        if (r.automatic_views) list.push_back("automatic");
        if (r.how.views.attention) list.push_back("attention");
        if (r.how.views.neuron) list.push_back("neuron");
        if (list.empty()) list.push_back("none");
        return list;
    };
}

void visit_views(Rows& v, ExplainRequest& r) {
    RecordChoice& views = r.how.views;
    v.group("Data for the views of a report (docs/report.md)");
    visit_view_kinds(v, r);
    v.size("view_budget", views.budget,
           "Bytes that attention and neuron take in the JSON together; 0: no bound.");
    v.list("view_blocks", views.blocks, "Attention and neuron of these blocks only. Default: all.");
    v.integer("logit_lens", views.logit_lens,
              "Record the N most probable tokens after every block, by the model's own output head; 0: none. "
              "Without a number: 5.",
              {.low = 0, .high = 100, .bare = "5"});
}

void visit_check(Rows& v, ExplainRequest& r) {
    v.group("Faithfulness and plausibility");
    v.flag("check", r.measure_faithfulness,
           "Measure how faithful the scores of each method are: what the answer loses without the units of "
           "highest "
           "score, and keeps with them alone, compared with random rankings (docs/faithfulness.md).");
    v.integer("seeds", r.check.random_seeds,
              "Number of random rankings. Each takes 18 runs of the model, as each method does.",
              {.low = 2, .high = 1000});
    v.word("absence", r.check.absence, absence_words(), "What takes the place of an absent unit.");
    v.integer("infidelity", r.check.infidelity,
              "Also measure infidelity: how far the scores are from what they should sum to, for N random "
              "subsets of the units. Each takes a run of the model; 0: not measured. Without a number: 100. "
              "Includes check.",
              {.low = 0, .high = 100'000, .bare = "100"});
    v.integer(
        "sensitivity", r.check.sensitivity,
        "Also measure sensitivity-max: the largest change of the scores of gradient methods under noise "
        "on the embeddings, for N draws. Each takes as long as the method; 0: not measured. Without a "
        "number: 10. Includes check.",
        {.low = 0, .high = 1000, .bare = "10"});
    v.places("rationale", r.how.rationale, most_places,
             "What a person holds to be the reasons for the answer: words of the prompt, or its characters A "
             "to B - 1 ([A, B] where A:B are words of it too). How well the scores of each method agree with "
             "it is measured, without running the model.");
}

void visit_why(Rows& v, ExplainRequest& r) {
    v.group("Why");
    v.flag(
        "why", r.how.why.asked,
        "Say which passages of the prompt each sentence of the answer rests on, as llmx why does. No other "
        "method then runs unless it is named.");
    v.integer("budget", r.how.why.budget,
              "For why: texts to run at most; 0: 16 + 8 log2 of the number of sentences.", {.low = 0});
}

void visit_generation(Rows& v, ExplainRequest& r) {
    visit(v, r.writing);
    v.texts("stop", r.stop, 16, "Texts that end the answer and are no part of it.");
    v.text("assistant", r.assistant,
           "Speculative decoding: a smaller model with the same vocabulary writes drafts; prompt-lookup: "
           "the text so far does.",
           {.shown = "FILE|prompt-lookup"});
}

void visit_resources(Rows& v, ExplainRequest& r) {
    v.group("Resources");
    v.integer("ubatch", r.how.micro_batch, "Tokens of the replay that run at a time; 0: all.", {.low = 0});
    v.integer("threads", r.load.threads, "Number of threads; 0: as many as the machine has cores.",
              {.low = 0, .high = 512, .scope = Scope::model});
    v.integer("context_tokens", r.how.context,
              "Number of tokens allowed; 0: as many as the model was trained on.", {.low = 0});
    v.word(
        "products", r.how.matmul_precision, products_words,
        "Number format of the reverse pass's matrix products; automatic: bfloat16 for a quantised model on "
        "a processor that multiplies it, else float32.");
    v.size("memory_budget", r.how.memory_budget, "Bytes for recorded values; 0: no bound. Default: chosen.");
}

}  // namespace

void visit(Rows& v, std::string& model, LoadOptions& load) {
    v.group("Model");
    v.path("model", model, "The model: a GGUF file or a Hugging Face directory.",
           {.scope = Scope::model, .shown = "PATH"});
    v.list("lora", load.lora, "LoRA adapters: GGUF files, each with an optional factor.",
           {.scope = Scope::model, .shown = "FILE[:SCALE]"});
    v.list(
        "rpc", load.rpc,
        "Servers that hold the model's layers: llama.cpp's ggml-rpc-server on other machines (docs/rpc.md).",
        {.scope = Scope::model, .shown = "HOST:PORT,..."});
    v.text("chat_template", load.chat_template, "A Jinja chat template to use instead of the model's own.",
           {.scope = Scope::model, .file = true, .shown = "JINJA"});
    v.flag("no_repack", load.no_repack,
           "Keep one copy of the weights, in the file's layout, and not a second one that multiplies faster.",
           {.scope = Scope::model});
    v.path("qa_head", load.qa_head,
           "A safetensors file with qa_outputs.weight and qa_outputs.bias, for an encoder in GGUF. A "
           "directory has "
           "its own.",
           {.scope = Scope::model});
}

void visit(Rows& v, GenerateOptions& writing) {
    v.group("Generation");
    v.integer("max_new_tokens", writing.max_new_tokens, "Maximum number of answer tokens.", {.low = 1});
    v.number("temperature", writing.temperature, "Sampling temperature; 0: greedy.", {.low = 0});
    v.integer("top_k", writing.top_k, "Sample from the K most probable tokens; 0: from all.", {.low = 0});
    v.number("top_p", writing.top_p,
             "Sample from the most probable tokens whose probabilities sum to this; 1: all.",
             {.low = 0, .high = 1});
    v.number("min_p", writing.min_p,
             "Sample from tokens at least this times as probable as the most probable one; 0: all.",
             {.low = 0, .high = 1});
    v.number("repetition_penalty", writing.repetition_penalty,
             "Penalty for tokens that the text already has; 1: none.", {.low = 0.01});
    v.integer("seed", writing.seed,
              "Seed of the sampling, of the methods that draw samples, and of random rankings.");
    v.integer("draft_tokens", writing.draft_tokens, "Longest draft of speculative decoding.",
              {.low = 1, .high = 1000});
    v.integer("num_beams", writing.num_beams, "Number of beams of the beam search; 1: none.",
              {.low = 1, .high = 256});
    v.number("length_penalty", writing.length_penalty,
             "A beam's score is its sum of log-probabilities divided by its length to this power.",
             {.low = -100, .high = 100});
    v.word("early_stopping", writing.early_stopping, early_stopping_words,
           "When beam search ends, as in Hugging Face's generate.");
}

void visit_service(Rows& v, ExplainRequest& r) {
    visit(v, r.model, r.load);
    visit_generation(v, r);
    visit_resources(v, r);
}

void visit(Rows& v, ExplainRequest& r) {
    visit(v, r.model, r.load);
    visit_task(v, r);
    task::visit(v, r.texts);
    visit_why(v, r);
    visit_explanation(v, r);
    visit_targets(v, r);
    visit_comparisons(v, r);
    visit_views(v, r);
    visit_check(v, r);
    visit_generation(v, r);
    visit_resources(v, r);
    visit_options(v, r);
    v.group("Output");
    v.flag("raw", r.raw, "Put median_raw_df and the gradient into the JSON too (large).");
}

Fields fields(ExplainRequest& request) {
    Fields all;
    all.reserve(128);
    Rows rows(all);
    visit(rows, request);
    return all;
}

const Field* find(const Fields& fields, const std::string& key) {
    const auto found =
        std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.key == key; });
    return found == fields.end() ? nullptr : &*found;
}

}  // namespace llmx::request
