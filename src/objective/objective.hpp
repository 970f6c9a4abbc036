#pragma once
// What is differentiated: a weighted sum of log-probabilities of tokens, each predicted by one row of
// logits.

#include <llmx/enums.hpp>
#include <span>
#include <vector>

namespace llmx::objective {

/// weight * log_softmax(logits row `output`)[token].
struct Term {
    int output = 0;
    Token token = 0;
    double weight = 1;
};
using Terms = std::vector<Term>;

/// Definitions 1.3. `generated`: sum of the answer's log-probabilities. `teacher`: the same of the
/// label. `aligned`: mean over the label's tokens of their negative log-probability in the row of the
/// answer token at the same place; rows that the answer does not have count nothing.
Terms terms(Objective kind, std::span<const Token> answer, std::span<const Token> label);

/// log Σ exp(logits), in double.
double log_sum_exp(std::span<const float> logits);

/// log_softmax(logits)[token], summed in double.
double log_probability(std::span<const float> logits, Token token);

/// KL(softmax(logits) || softmax(reference)), in double.
double divergence(std::span<const float> logits, std::span<const float> reference);

/// Adds the gradient of weight * log_softmax(logits)[token] with respect to the logits.
void add_gradient(std::span<const float> logits, Token token, double weight, std::span<float> gradient);

}  // namespace llmx::objective
