#pragma once
// Explaining an answer: the request, the result, and the object that turns one into the other.
// Keys and formulas: docs/definitions.md.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <llmx/model.hpp>
#include <llmx/version.hpp>
#include <llmx/view_data.hpp>

namespace llmx {

/// A method by its name and options: {"integrated_gradients", {{"steps", "20"}}}. "attention" and "gradient"
/// are the original toolbox's two (Explanation::attention, ::gradient); every other one gives an Attribution.
struct Method {
    std::string name;
    std::map<std::string, std::string> options = {};

    // NOLINTBEGIN(google-explicit-constructor): {"saliency", "lime"} is a list of methods
    Method(const char* n) : name(n) {}
    Method(std::string n, std::map<std::string, std::string> o = {})
        : name(std::move(n)), options(std::move(o)) {}
    // NOLINTEND(google-explicit-constructor)
};

/// An option of a method, as text: what "--steps 20" gives.
struct MethodOption {
    std::string name, kind;  ///< kind: "whole", "number", "word", "flag"
    std::string fallback, help;
    std::vector<std::string> words;  ///< of a word: what it may be; of a number: what it may be too
};
struct MethodFacts {
    std::string name, help;
    std::string family;  ///< "original", "gradient", "attention", "perturbation"
    bool is_signed = false;
    std::vector<MethodOption> options;
};
/// Every method there is, in the order in which help lists them.
std::vector<MethodFacts> known_methods();
enum class Task {
    question_answering,
    translation,
    summarization,
    generative_text_chat,
    generative_text_chat_assistant,
};
/// aligned: loss of the label's tokens against the generated answer's logits, row by row;
/// teacher: log-probability of the label, replayed; generated: log-probability of the answer.
enum class Objective { automatic, aligned, teacher, generated };
/// Type of the operands in the reverse pass's products with weights (sums are float32).
enum class Products { float32, bfloat16 };

/// What is measured of a target's tokens: Σ log p; product of p; Σ logit; Σ entropy of their rows;
/// Σ KL divergence of their rows from those that the model gives without the context (definitions 2 to 4).
enum class Measure { logprob, probability, logit, entropy, kl };

std::string to_string(ModelKind);  ///< "decoder", "encoder", "encoder-decoder"
std::string to_string(Task);
std::string to_string(Objective);
std::string to_string(Measure);
/// Parse a name; Error{usage} names the nearest known one.
Measure parse_measure(const std::string&);
/// "summarizations" is known too.
Task parse_task(const std::string&);
Objective parse_objective(const std::string&);

/// What an encoder with a question-answering head is asked: a question about a context, as texts, or as the
/// pair's ids in Request::input_ids.
struct QuestionPair {
    std::string question = {};
    std::string context = {};
    std::vector<int> token_types = {};                   ///< of input_ids; empty: as the separators tell
    std::string label = {};                              ///< the ground truth, words of the context
    std::optional<std::pair<int, int>> label_span = {};  ///< ... or characters of it, the last one excluded
};

/// What of an answer is explained by the methods that give an Attribution.
struct TargetChoice {
    bool each = false;  ///< every token of the span one by one, instead of their sum
    std::optional<std::pair<int, int>> span = {};  ///< answer tokens [first, last); nothing: all
    std::string span_text = {};  ///< ... or the words of the answer that they are, once in it
    /// More than 0: the so many most probable tokens at each place of the span, each a target.
    int alternatives = 0;
    Tokens contrast = {};  ///< another answer: explains f(answer) - f(contrast)
    Measure measure = Measure::logprob;
    bool all_sources = false;  ///< earlier answer tokens are sources too
};

/// What scores are given to: sets of tokens.
struct UnitChoice {
    /// token, word, sentence, line, paragraph, turn, role, regex, spans
    std::string kind = "token";
    std::string pattern = {};  ///< of regex: each match is a unit
    std::vector<std::pair<int, int>> spans =
        {};  ///< of spans: characters of the prompt's text, [first, last)
    /// How scores of tokens become those of units: sum, mean, max_abs.
    std::string aggregation = "sum";
    /// Tokens that stay in every text and take no score: none, special (control tokens), template (also what
    /// the chat template adds).
    std::string hold = "none";
    /// Parts of the prompt's text (its tokens' bytes one after another) that belong to a chat's messages, or
    /// to what a task was given: bytes [first, last) and role ("user", "question"), ascending. `prepare`
    /// fills them in.
    struct Part {
        std::size_t first = 0, last = 0;
        std::string role;
    };
    std::vector<Part> parts = {};
    std::string unplaced = {};  ///< why there are no parts, though the prompt is made of some; `prepare`'s
    /// Characters of the prompt's text that are the context (kl, context_reliance), [first, last).
    std::optional<std::pair<int, int>> context = {};
    std::string context_text = {};  ///< ... or its words, which stand in the prompt once
};

/// How the faithfulness of maps is measured (definitions 5).
struct Check {
    int random_seeds = 5;    ///< random rankings beside; each takes 18 runs of the model, as each method does
    std::uint32_t seed = 0;  ///< of the first of them
    /// What takes an absent unit's place: token, deletion, attention_mask; of all methods the same.
    std::string absence = "token";
    int absence_token = -1;  ///< of token; -1: the model's own
};

struct Request {
    Task task = Task::generative_text_chat;
    Tokens input_ids = {};   ///< the prompt, or the source of an encoder-decoder
    QuestionPair pair = {};  ///< for an encoder
    Generation output = {};  ///< the answer: Model::generate's, or {.ids = ...} from elsewhere
    Tokens labels = {};      ///< the ground truth; may be empty
    Objective objective = Objective::automatic;  ///< aligned with labels, generated without

    // The original toolbox's arguments
    std::vector<std::string> layer_names = {"q_proj", "k_proj", "v_proj"};
    bool is_input = false;            ///< take the modules' inputs instead of their outputs
    bool strict = false;              ///< a name must match whole
    std::vector<int> positions = {};  ///< argument of each module to take; they have one: 0
    int input_shape = 0;              ///< tokens of the prompt; 0: input_ids.size()
    std::string embedding_name = {};  ///< the embedding module; empty: the model's token embedding

    TargetChoice target = {};
    UnitChoice units = {};
    std::optional<Check> check = {};  ///< measure how faithful the maps are: Attribution::faithfulness
    bool all_attention_rows = false;  ///< keep the prompt's attention rows too
    bool keep_attention = false;      ///< fill AttentionResult::weights (large)
    bool keep_hidden = false;         ///< fill Explanation::hidden
    ViewChoice views = {};            ///< fill Explanation::views
    Products products = Products::float32;
    std::size_t memory_budget = std::size_t{2} << 30;  ///< bytes for recorded values; 0: no bound
    int micro_batch = 0;                               ///< tokens that are run at a time; 0: all
    int context = 0;  ///< tokens allowed; 0: as many as the model was trained on
    Progress progress = {};
};

/// How well scores tell what the answer rests on (definitions 5), beside random rankings.
struct Faithfulness {
    struct Number {
        double value = 0, random = 0, random_deviation = 0;  ///< of random rankings: mean, standard deviation
    };
    Number comprehensiveness, sufficiency, deletion_area, insertion_area;
    std::optional<Number> kendall_tau;  ///< with leave-one-out; none where all scores or all losses are equal
    std::vector<double> fractions;      ///< of the units, the largest scores first: 0, 0.1 ... 1
    std::vector<double> deletion, insertion;                ///< p without these units, p of these alone
    std::vector<double> random_deletion, random_insertion;  ///< mean curves of random rankings
    int random_seeds = 0;
    std::string absence;  ///< what took the units' place: Check::absence
};

struct PairResult {
    std::vector<float> attention;       ///< [prompt], definitions 1.1
    std::vector<float> attention_mean;  ///< [prompt]
    int block = 0;                      ///< the block the modules were found in
    /// Why there is none: a model without such modules as the default layer_names mean. Else empty.
    std::string missing = {};
    std::optional<Faithfulness> faithfulness = {};  ///< of `attention`, as scores of units
};

struct AttentionResult {
    PairResult pair;
    Tensor mean_group;                ///< [answer, prompt], definitions 1.2
    Tensor median_raw;                ///< [answer, blocks, heads, prompt]
    std::vector<int> blocks;          ///< blocks that have softmax attention, in order
    std::vector<int> blocks_without;  ///< those that have none
    /// Softmax weights, mean over heads, then blocks. Decoder: [answer, prompt + answer];
    /// encoder-decoder, cross attention: [answer, source]; encoder: [prompt, prompt].
    Tensor mean;
    std::vector<Tensor> weights;  ///< per entry of `blocks`: [heads, rows, prompt + answer]
    std::pair<int, int> rows;     ///< first and one past the last position of the rows in `weights`
    // An encoder-decoder's instead of `weights`, per block. The decoder's rows and keys are its inputs: the
    // start token and the answer without its last token.
    std::vector<Tensor> encoder_weights;  ///< [heads, source, source]
    std::vector<Tensor> decoder_weights;  ///< [heads, answer, answer]
    std::vector<Tensor> cross_weights;    ///< [heads, answer, source]
};

struct GradientResult {
    std::vector<float> saliency_map;  ///< [prompt], definitions 1.3
    Tensor block_gradient_x_input;    ///< [blocks, prompt]
    Tensor gradient;                  ///< [prompt, embedding]
    Tensor input_embeddings;          ///< [prompt, embedding]
    Tensor decoder_gradient;          ///< encoder-decoders: [answer, embedding], at the decoder's inputs
    Tensor decoder_input_embeddings;  ///< [answer, embedding]
    std::vector<Token> replayed;      ///< ids of the pass that was differentiated
    std::optional<Faithfulness> faithfulness = {};  ///< of `saliency_map`, as scores of units
};

/// What an encoder with a question-answering head finds.
struct SpanResult {
    std::string question, context;
    std::vector<float> start_logits, end_logits;  ///< [prompt], of the pair that is explained
    int start_token = 0;  ///< places in the prompt, both included; the class token where no answer is
    int end_token = 0;
    int start_char = 0;  ///< characters of the context, the last one excluded
    int end_char = 0;
    double score = 0;  ///< start logit + end logit
    bool no_answer = false;
    int window = 0;   ///< which part of the context the prompt holds
    int windows = 1;  ///< of so many
};

/// Some tokens of prompt and answer (an encoder-decoder's source, then its text) that are scored together.
struct Unit {
    std::string text;
    std::string kind;         ///< "token", "word", ..., a role, "template"; "rest" between matches and spans
    std::vector<int> tokens;  ///< ascending
};

/// One row of scores: what was explained.
struct TargetFacts {
    std::string text;
    std::pair<int, int> tokens;  ///< of prompt and answer, [first, last)
    double value = 0;            ///< f
};

/// Scores that should sum to f(input) - f(baseline): how far they do.
struct Completeness {
    double f_input = 0, f_baseline = 0;
    double residual = 0;  ///< Σ scores - (f_input - f_baseline)
};

/// Scores of units for targets: one entry of "attributions".
struct Attribution {
    std::string method;
    std::string objective;  ///< what each row explains
    bool is_signed = false;
    std::map<std::string, std::string> options;
    std::vector<Unit> units;
    std::vector<TargetFacts> targets;
    Tensor scores;                ///< [targets, units]
    Tensor standard_errors = {};  ///< of the same shape, of methods that draw samples; or empty
    std::vector<Completeness> completeness = {};    ///< one a target, or none
    std::optional<Faithfulness> faithfulness = {};  ///< of the scores' sum over the targets
    /// context_reliance: KL divergence of every answer token's row from that of the context-free model.
    std::vector<double> context_sensitivity = {};
};

/// The residual stream after a block.
struct HiddenState {
    int block = 0;
    int first_position = 0;  ///< of the first row: the last block is computed for predicting tokens only
    Tensor values;           ///< [rows, embedding]
};

/// The model of an explanation, as its JSON names it.
struct ModelSummary {
    std::string file = {};       ///< name of its file or directory, without the path
    std::string sha256_16 = {};  ///< Model::sha256_16
    std::string name = {}, architecture = {};
    ModelKind kind = ModelKind::decoder;
    std::uint64_t parameters = 0;
    std::string type = {};  ///< the weights' main type: "Q4_1", "F32"
    int blocks = 0, heads = 0, kv_heads = 0, embedding = 0;
};
/// Reads the model's files once for their digest. Texts that are not UTF-8 get replacement characters.
ModelSummary summary(const Model& model);

struct Explanation {
    std::string version = llmx::version();  ///< of the program that made it
    ModelSummary model;
    Task task = Task::generative_text_chat;
    std::vector<std::string> prompt;          ///< each prompt token decoded alone ("Prompt")
    std::vector<std::string> decode_output;   ///< each answer token decoded alone ("Decode_output")
    std::vector<std::string> decoder_inputs;  ///< encoder-decoders: start token, answer without its last one
    std::vector<int> partial_tokens;          ///< prompt + answer indices with incomplete UTF-8
    std::string prediction;                   ///< their concatenation, special tokens included
    std::string prompt_text, answer_text, label_text;
    Tokens prompt_ids, answer_ids, label_ids;
    std::vector<int> n_matches;         ///< speculative decoding: drafted tokens accepted in each round
    std::vector<float> token_logprobs;  ///< [answer], l_t
    Objective objective = Objective::generated;
    double objective_value = 0;
    std::optional<SpanResult> span;  ///< question answering by an encoder
    std::optional<AttentionResult> attention;
    std::optional<GradientResult> gradient;
    std::vector<Attribution> attributions;
    std::vector<HiddenState> hidden;                      ///< by block, if kept
    std::optional<ViewData> views;                        ///< if asked for
    std::vector<std::pair<std::string, double>> timings;  ///< seconds by stage, in order
    std::uint64_t peak_rss = 0;                           ///< bytes
    std::vector<std::string> warnings;
};

class Explainer {
public:
    /// `methods` may not be empty; throws Error{usage} for a method that is not known. Keeps the memory of a
    /// recording for the next call.
    Explainer(Model model, std::vector<Method> methods);
    ~Explainer();
    Explainer(Explainer&&) noexcept;
    Explainer& operator=(Explainer&&) noexcept;

    /// One replay and one reverse pass where the mathematics allows it. Throws Error.
    [[nodiscard]] Explanation compute(const Request& request);

    [[nodiscard]] const Model& model() const { return model_; }

private:
    struct Memory;
    Model model_;
    std::vector<Method> methods_;
    std::unique_ptr<Memory> memory_;
};

}  // namespace llmx
