#pragma once
// What an explanation found. Keys and formulas: docs/definitions.md.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <llmx/enums.hpp>
#include <llmx/model.hpp>
#include <llmx/tensor.hpp>
#include <llmx/view_data.hpp>

namespace llmx {

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

struct Explanation {
    Task task = Task::generative_text_chat;
    ModelKind kind = ModelKind::decoder;
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

}  // namespace llmx
