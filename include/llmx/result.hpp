#pragma once
// The result of an explanation. Keys and formulas: docs/definitions.md.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <llmx/enums.hpp>
#include <llmx/model.hpp>
#include <llmx/tensor.hpp>
#include <llmx/version.hpp>
#include <llmx/view_data.hpp>
#include <llmx/why.hpp>

namespace llmx {

/// The token that stood for absence.
struct AbsenceToken {
    Token id = 0;
    std::string text;  ///< decoded on its own
};

/// How well scores predict what the answer depends on (docs/definitions.md, section 5), compared with random
/// rankings.
struct Faithfulness {
    /// A number of a map, and the same number of random rankings.
    struct Number {
        /// `random`, `random_deviation`: mean and standard deviation over random rankings.
        double value = 0, random = 0, random_deviation = 0;
        /// How often a random ranking would do as well or better, by Student's t for one more draw
        /// (docs/definitions.md, section 5). None if all random rankings do equally well, and in results of
        /// earlier versions.
        std::optional<double> p_value = {};
    };
    /// How far scores are from the changes of f that they should sum to, for random subsets of units
    /// (Check::infidelity).
    struct Infidelity {
        Number scaled;        ///< of the scores times `scale`, in squared units of f
        double unscaled = 0;  ///< of the scores as they are
        double scale = 0;     ///< the factor for which it is least
        int samples = 0;      ///< number of subsets
    };
    /// How much scores change under small noise on what they are computed from (Check::sensitivity).
    struct SensitivityMax {
        double value = 0;  ///< the largest change, over the scores' size (both L2)
        double noise = 0;  ///< deviation of the noise, over the embeddings' root mean square
        int samples = 0;   ///< number of noisy points
    };
    Number comprehensiveness, sufficiency, deletion_area, insertion_area;
    std::optional<Number> kendall_tau;  ///< with leave-one-out; empty if all scores or all losses are equal
    std::vector<double> fractions;      ///< fractions of the units, largest scores first: 0, 0.1 ... 1
    std::vector<double> deletion, insertion;                ///< p without these units; p with only these
    std::vector<double> random_deletion, random_insertion;  ///< mean curves of random rankings
    int random_seeds = 0;                                   ///< number of random rankings
    std::optional<Infidelity> infidelity;                   ///< if asked for
    /// If asked for, of methods that take gradients at embeddings or hidden states.
    std::optional<SensitivityMax> sensitivity_max;
    /// What `deletion` and `insertion` show, and the other numbers are made of: "probability" (of the
    /// answer's tokens, geometric mean), or in words the f that the map explains. Empty in results of
    /// versions that measured the answer's probability whatever was explained.
    std::string measure = {};
    Absence absence = Absence::token;                ///< what replaced the units: Check::absence
    std::optional<AbsenceToken> absence_token = {};  ///< as in Attribution
};

/// How well scores agree with what a person holds to be the reasons, Request::rationale
/// (docs/definitions.md, section 5).
struct Plausibility {
    /// `random`: the mean over all rankings of the units.
    struct Number {
        double value = 0, random = 0;
    };
    Number token_f1;          ///< of the k units of highest score, k being those of the rationale
    Number auprc;             ///< area under the curve of precision over recall: average precision
    int rationale_units = 0;  ///< k
};

/// The original toolbox's pair_result (docs/definitions.md, 1.1).
struct PairResult {
    std::vector<float> attention;       ///< [prompt], docs/definitions.md, 1.1
    std::vector<float> attention_mean;  ///< [prompt]
    int block = 0;                      ///< the block that contains the modules
    /// Why there is no result: the model has no modules that match the default layer_names. Otherwise empty.
    std::string missing = {};
    std::optional<Faithfulness> faithfulness = {};  ///< of `attention`, aggregated to units
    std::optional<Plausibility> plausibility = {};  ///< of the same
};

/// Result of the method "attention".
struct AttentionResult {
    PairResult pair;
    Tensor mean_group;                ///< [answer, prompt], docs/definitions.md, 1.2
    Tensor median_raw;                ///< [answer, blocks, heads, prompt]
    std::vector<int> blocks;          ///< blocks with softmax attention, in order
    std::vector<int> blocks_without;  ///< blocks without
    /// Softmax weights, mean over heads, then blocks. Decoder: [answer, prompt + answer]; encoder-decoder
    /// (cross attention): [answer, source]; encoder: [prompt, prompt].
    Tensor mean;
    std::vector<Tensor> weights;  ///< per entry of `blocks`: [heads, rows, prompt + answer]
    std::pair<int, int> rows;     ///< positions [first, last) of the rows in `weights`
    // For encoder-decoders, these replace `weights`, one tensor per block. The decoder's rows and keys are
    // its inputs: the start token, then the answer without its last token.
    std::vector<Tensor> encoder_weights;  ///< [heads, source, source]
    std::vector<Tensor> decoder_weights;  ///< [heads, answer, answer]
    std::vector<Tensor> cross_weights;    ///< [heads, answer, source]
};

/// Result of the method "gradient".
struct GradientResult {
    std::vector<float> saliency_map;  ///< [prompt], docs/definitions.md, 1.3
    Tensor block_gradient_x_input;    ///< [blocks, prompt]
    Tensor gradient;                  ///< [prompt, embedding]
    Tensor input_embeddings;          ///< [prompt, embedding]
    Tensor decoder_gradient;          ///< encoder-decoders: [answer, embedding], at the decoder's inputs
    Tensor decoder_input_embeddings;  ///< [answer, embedding]
    std::vector<Token> replayed;      ///< ids of the differentiated pass
    std::optional<Faithfulness> faithfulness = {};  ///< of `saliency_map`, aggregated to units
    std::optional<Plausibility> plausibility = {};  ///< of the same
};

/// What the original toolbox's two methods leave besides scores: its own keys, and the raw tensors.
struct Original {
    std::optional<AttentionResult> attention;
    std::optional<GradientResult> gradient;
};

/// The answer of an encoder with a question-answering head.
struct SpanResult {
    std::string question, context;
    std::vector<float> start_logits, end_logits;  ///< [prompt], for the explained pair
    int start_token = 0;     ///< position in the prompt; the class token if there is no answer
    int end_token = 0;       ///< inclusive
    int start_char = 0;      ///< in characters of the context
    int end_char = 0;        ///< exclusive
    double score = 0;        ///< start logit + end logit
    bool no_answer = false;  ///< the context contains no answer
    int window = 0;          ///< index of the context window in the prompt
    int windows = 1;         ///< number of windows
};

/// Tokens of prompt and answer (for an encoder-decoder: source, then text) that share one score.
struct Unit {
    std::string text;
    std::string kind;         ///< "token", "word", ..., a role, "template"; "rest" between matches and spans
    std::vector<int> tokens;  ///< indices in ascending order
};

/// What one row of scores explains.
struct TargetFacts {
    std::string text;
    std::pair<int, int> tokens;  ///< tokens [first, last) of prompt and answer
    double value = 0;            ///< f
    /// The token, where it need not be the one in the text (TargetChoice::alternatives).
    std::optional<Token> id = {};
};

/// How closely scores sum to f(input) - f(baseline), as they should.
struct Completeness {
    double f_input = 0, f_baseline = 0;
    double residual = 0;  ///< Σ scores - (f_input - f_baseline)
};

/// Scores of units for targets: one entry of "attributions" in JSON.
struct Attribution {
    std::string method;
    std::string objective;  ///< what each row explains
    bool is_signed = false;
    std::map<std::string, std::string> options;
    std::vector<Unit> units;
    std::vector<TargetFacts> targets;
    Tensor scores;                ///< [targets, units]
    Tensor standard_errors = {};  ///< same shape, for methods that sample; otherwise empty
    /// shapley_interactions: [targets, units, units], symmetric: what two units add together beyond what each
    /// adds alone; on the diagonal a unit's own effect, its score less half of its interactions.
    Tensor interactions = {};
    std::vector<Completeness> completeness = {};    ///< one per target, or empty
    std::optional<Faithfulness> faithfulness = {};  ///< of the scores summed over the targets
    std::optional<Plausibility> plausibility = {};  ///< of the same
    /// What took the place of absent tokens, or where a path began: the token that -1 stands for among the
    /// options. With deletion, what is put in where no token is left. None where no token stands for absence.
    std::optional<AbsenceToken> absence_token = {};
    /// Methods that compare texts with a quantised model: scores up to this size may be rounding, as
    /// activations are rounded differently beside other texts. Twice the largest difference over a few of the
    /// texts between their value among the others and alone. None where each has its own value to the last
    /// bit.
    std::optional<double> noise = {};
    /// context_reliance: how much the context changes the prediction of each answer token, by the option
    /// `context_metric` (kl: divergence of its row from the model's row without the context, in nats).
    std::vector<double> context_sensitivity = {};
    /// context_reliance: for each target, the tokens of the context that stand out among its scores (options
    /// `cue_deviations`, `top_cues`); indices in the prompt, in ascending order.
    std::vector<std::vector<int>> cues = {};
};

/// The residual stream after a block.
struct HiddenState {
    int block = 0;
    int first_position = 0;  ///< of the first row; the last block has rows only for predicting tokens
    Tensor values;           ///< [rows, embedding]
};

/// The explained model, as identified in the JSON result.
struct ModelSummary {
    std::string file = {};       ///< name of its file or directory, without the path
    std::string sha256_16 = {};  ///< Model::sha256_16
    std::string name = {}, architecture = {};
    ModelKind kind = ModelKind::decoder;
    std::uint64_t parameters = 0;
    std::string type = {};  ///< main type of the weights: "Q4_1", "F32"
    int blocks = 0, heads = 0, kv_heads = 0, embedding = 0;
};
/// Reads the model's files once, for their digest. Bytes that are not UTF-8 become replacement characters.
LLMX_API ModelSummary summary(const Model& model);

/// An explained answer: the texts, and the result of every method.
struct Explanation {
    std::string version = llmx::version();  ///< of the program that created it
    ModelSummary model;
    Task task = Task::generative_text_chat;
    std::vector<std::string> prompt;          ///< each prompt token decoded on its own ("Prompt")
    std::vector<std::string> decode_output;   ///< each answer token decoded on its own ("Decode_output")
    std::vector<std::string> decoder_inputs;  ///< encoder-decoders: start token, answer without its last one
    std::vector<int> partial_tokens;          ///< indices in prompt + answer with incomplete UTF-8
    std::vector<int> partial_token_bytes;     ///< the number of bytes of each of these
    std::string prediction;                   ///< concatenation of `decode_output`, including special tokens
    std::string prompt_text, answer_text, label_text;
    Tokens prompt_ids, answer_ids, label_ids;
    std::vector<int> n_matches;         ///< speculative decoding: drafted tokens accepted in each round
    std::vector<float> token_logprobs;  ///< [answer], log p of each token
    std::optional<double> perplexity;   ///< exp(-mean of token_logprobs); none without answer tokens
    Objective objective = Objective::generated;
    double objective_value = 0;
    std::string products;  ///< "float32" or "bfloat16", of the products with weights in reverse passes
    std::optional<SpanResult> span;         ///< question answering with an encoder
    Original original;                      ///< of the methods "attention" and "gradient"
    std::vector<Attribution> attributions;  ///< of all others; `all_scores` lists the scores of both
    std::optional<Why> why;                 ///< Request::why
    std::vector<HiddenState> hidden;        ///< by block, if kept
    std::optional<ViewData> views;          ///< if requested
    std::vector<std::pair<std::string, double>> timings;  ///< seconds per stage, in order
    std::uint64_t peak_rss = 0;                           ///< bytes
    std::vector<std::string> warnings;
};

}  // namespace llmx
