#pragma once
// How much two explanations agree: scores of the same units by two models, or by two ways of asking.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <llmx/request.hpp>
#include <llmx/result.hpp>

namespace llmx {

/// Two lists of scores of the same units. A correlation is nothing where it is not defined: for fewer than
/// two units, and where all scores of a list are equal (the cosine: zero).
struct Agreement {
    std::optional<double> spearman, kendall;  ///< of the ranks; Kendall's is tau-b
    std::optional<double> cosine;
    double overlap = 0;  ///< share of the `top` units of highest score that are among both lists' top
    int top = 0;         ///< as asked, at most all units
};

/// A unit that two lists score differently.
struct Difference {
    std::string text;
    int first_unit = 0, second_unit = 0;     ///< its places in the two lists
    double first = 0, second = 0;            ///< scores
    double first_rank = 0, second_rank = 0;  ///< from 1, the highest score first; ties share their mean
};

struct Comparison {
    std::string method, objective;
    std::map<std::string, std::string> first_options, second_options;
    int units = 0;                          ///< compared
    int first_units = 0, second_units = 0;  ///< that there are
    Agreement total;                        ///< of each unit's sum over the targets
    std::vector<Agreement> targets;         ///< one by one; empty where there is one target only
    /// Of the sums, each list scaled to the length 1: the greatest first.
    std::vector<Difference> differences;
};

struct CompareOptions {
    int top = 10;
    int differences = 10;  ///< at most so many are listed
    /// The texts may differ: units are compared that have the same words in the same order (the longest
    /// common subsequence), blanks at their ends aside; of targets only the sum.
    bool align_text = false;
};

/// Of the same units and targets (by their texts), unless `align_text`. Throws Error{input} that says what
/// differs, or that there is nothing to compare; Error{usage} for options below 1.
Comparison compare(const Attribution& first, const Attribution& second, const CompareOptions& options = {});

/// Every list of scores in an explanation: its attributions, and those of the original's keys that are scores
/// of tokens, under the methods' names "gradient saliency_map", "attention pair_result", "attention mean"
/// (true softmax weights, one target an answer token).
std::vector<Attribution> all_scores(const Explanation& result);

struct ExplanationComparison {
    std::vector<Comparison> comparisons;
    std::vector<std::string> only_first, only_second;  ///< methods that the other one has not
};

/// Matches what two explanations have by method, objective and options; what is left of a method once on both
/// sides is matched too, its options say how it differs. Throws Error{input} where prompt or answer differ
/// (unless `align_text`), and where nothing matches.
ExplanationComparison compare(const Explanation& first, const Explanation& second,
                              const CompareOptions& options = {});

/// Logits of a request's answer, [answer, vocabulary]: one replay of a model that writes. Throws Error{input}
/// without an answer, Error{unsupported} for an encoder.
Tensor answer_logits(const Model& model, const Request& request);

/// How one answer fares with two models.
struct AnswerDrift {
    double first_logprob = 0, second_logprob = 0;  ///< Σ log p of the answer's tokens
    double mean_kl = 0, max_kl = 0;  ///< of KL(first || second), over the answer's rows, in nats
    double greedy_agreement = 0;     ///< share of the rows whose most probable token is the same
};

/// `first`, `second`: each model's logits of the answer. Throws Error{input} where their shapes differ.
AnswerDrift compare_answers(const Tokens& answer, const Tensor& first, const Tensor& second);

}  // namespace llmx
