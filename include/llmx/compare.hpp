#pragma once
// Compares explanations: scores of the same units from two models or from two requests.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <llmx/export.hpp>
#include <llmx/request.hpp>
#include <llmx/result.hpp>

namespace llmx {

/// Agreement of two lists of scores of the same units. Undefined numbers are empty: correlations for fewer
/// than two units or if all scores of a list are equal, the cosine if all scores of a list are zero.
struct Agreement {
    std::optional<double> spearman, kendall;  ///< rank correlations; Kendall's tau-b
    std::optional<double> cosine;             ///< cosine similarity
    double overlap = 0;  ///< fraction of the `top` highest-scored units that both lists share
    int top = 0;         ///< as requested, at most the number of units
};

/// A unit whose scores differ between two lists.
struct Difference {
    std::string text;
    int first_unit = 0, second_unit = 0;     ///< its indices in the two lists
    double first = 0, second = 0;            ///< scores
    double first_rank = 0, second_rank = 0;  ///< from 1, highest score first; ties get their mean rank
};

/// How two attributions of the same method agree.
struct Comparison {
    std::string method, objective;
    std::map<std::string, std::string> first_options, second_options;
    int units = 0;                          ///< number of units compared
    int first_units = 0, second_units = 0;  ///< number of units in each list
    Agreement total;                        ///< for each unit's sum over the targets
    std::vector<Agreement> targets;         ///< for each target; empty if there is only one
    /// Differences of the units' sums over the targets, with each list scaled to length 1, largest first.
    std::vector<Difference> differences;
};

/// Options of `compare`.
struct CompareOptions {
    int top = 10;
    int differences = 10;  ///< maximum number of differences listed
    /// Compare units of different texts: matches units with equal text (ignoring blanks at their ends) along
    /// the longest common subsequence. Only the sum over the targets is compared.
    bool align_text = false;
};

/// Compares two attributions, which must have the same units and targets (by text) unless `align_text` is
/// set. Throws Error{input} if they differ or have nothing to compare, Error{usage} for options below 1.
LLMX_API Comparison compare(const Attribution& first, const Attribution& second,
                            const CompareOptions& options = {});

/// All token scores of an explanation: its attributions, and the original toolbox's keys that are token
/// scores, with the method names "gradient saliency_map", "attention pair_result" and "attention mean" (true
/// softmax weights, one target per answer token).
LLMX_API std::vector<Attribution> all_scores(const Explanation& result);

/// The comparisons of all attributions that two explanations share.
struct ExplanationComparison {
    std::vector<Comparison> comparisons;
    std::vector<std::string> only_first, only_second;  ///< methods that only one explanation has
};

/// Compares two explanations. Attributions are matched by method, objective and options; if a method then
/// remains exactly once on each side, these are matched too, although their options differ. Throws
/// Error{input} if prompt or answer differ (unless `align_text` is set), or if nothing matches.
LLMX_API ExplanationComparison compare(const Explanation& first, const Explanation& second,
                                       const CompareOptions& options = {});

/// Logits of a request's answer, [answer, vocabulary], from one replay. Throws Error{input} without an
/// answer, Error{unsupported} for an encoder.
LLMX_API Tensor answer_logits(const Model& model, const Request& request);

/// How two models' predictions of the same answer differ.
struct AnswerDrift {
    double first_logprob = 0, second_logprob = 0;  ///< Σ log p of the answer's tokens
    double mean_kl = 0, max_kl = 0;                ///< of KL(first || second) over the answer's rows, in nats
    double greedy_agreement = 0;                   ///< fraction of rows with the same most probable token
};

/// `first`, `second`: each model's logits of the answer, [answer, vocabulary]. Throws Error{input} if their
/// shapes differ.
LLMX_API AnswerDrift compare_answers(const Tokens& answer, const Tensor& first, const Tensor& second);

}  // namespace llmx
