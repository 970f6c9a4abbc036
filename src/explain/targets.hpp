#pragma once
// Which numbers of a pass are explained: from a request's TargetChoice to a readout.

#include "explain/subject.hpp"
#include "objective/readout.hpp"

namespace llmx {

struct Targets {
    std::shared_ptr<const objective::Readout> readout;
    /// Mean over the explained tokens of the answer of their log-probability: what faithfulness is measured
    /// by.
    std::shared_ptr<const objective::Readout> mean_logprob;
    /// Whether each target's f, and their sum, rises and falls with `mean_logprob`: then faithfulness is
    /// measured by that, else by f.
    bool is_log_probability = false;
    std::vector<TargetFacts> facts;                ///< one a target; the values are still to be filled in
    std::vector<std::pair<int, int>> output_rows;  ///< outputs of the first text, [first, last), one a target
    std::string objective;                         ///< what the rows explain, in words
};

/// Throws Error{usage} for choices that exclude each other.
void require_targets(const Request& request, const Model& model);

/// The text that a contrast is read off: it takes the place of the span (by default the whole of `tokens`),
/// behind what stands before it. Throws Error{input} for a span that is not in the text.
Tokens contrast_text(const TargetChoice& choice, const Model& model, const Tokens& tokens);

/// `subject`: of the text that is explained, `tokens` its tokens. `logits`: the replay's, for alternatives.
/// `reference`: logits without the context, for Measure::kl. Throws Error{input} for a span that is not in
/// the text, Error{usage} for choices that exclude each other.
Targets targets_of(const Request& request, const Model& model, const Tokens& tokens, const Tensor& logits,
                   Tensor reference);

/// An encoder's: the one number of its span.
Targets targets_of_span(const Request& request, const Model& model, const SpanTarget& span);

}  // namespace llmx
