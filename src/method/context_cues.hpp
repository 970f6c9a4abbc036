#pragma once
// What context reliance selects by thresholds: answer tokens that the context changes, and the context tokens
// that cause it (definitions 4; PECoRe, Sarti et al. 2024, as in Inseq's attribute-context).

#include <llmx/model.hpp>
#include <span>
#include <string_view>
#include <vector>

namespace llmx::method {

/// How much the context changes the prediction of one answer token. `with`, `without`: logits of its row with
/// the context and without it. `metric`:
/// - "kl": KL(p with || p without) of the two rows, in nats,
/// - "reverse_kl": KL(p without || p with),
/// - "logprob": log p with - log p without of `answer`, in nats (P-CXMI, Yin et al. 2021),
/// - "probability": p with - p without of `answer`.
/// Throws Error{internal} for another word.
double context_change(std::string_view metric, std::span<const float> with, std::span<const float> without,
                      Token answer);

/// Mean + `deviations` standard deviations (of the sample, n - 1; 0 of a single value).
double threshold(std::span<const double> values, double deviations);

/// Indices, ascending, of the values whose magnitude is at least `threshold(values, deviations)`; of more
/// than `top` (0: any number) those of largest magnitude, among equal ones the earlier.
std::vector<int> outstanding(std::span<const double> values, double deviations, int top);

}  // namespace llmx::method
