#pragma once
// Distributions of the next token, and how a drafted token is judged by two of them.

#include <span>
#include <vector>

#include <llmx/model.hpp>

namespace llmx::engine {

/// Probabilities of the tokens that may come next; a token that is not listed has none.
struct Distribution {
    Tokens ids;
    std::vector<double> probabilities;  ///< sum to 1

    [[nodiscard]] double of(Token id) const;
};

/// All of it on one token: a greedy choice, or a draft that is no draw.
Distribution certain(Token id);

/// The token at which the cumulated probability passes `u` of [0, 1).
Token draw(const Distribution& distribution, double u);

// Speculative sampling (Leviathan, Kalman, Matias 2023, "Fast inference from transformers via speculative
// decoding"): a token drawn from `draft` is kept with probability min(1, model / draft) and otherwise drawn
// again from norm(max(0, model - draft)). The token then has the distribution `model`.

/// The probability with which `id`, drawn from `draft`, is kept.
double acceptance(const Distribution& model, const Distribution& draft, Token id);

/// What a token that was not kept is drawn again from. `model` must have a token that `draft` gives less.
Distribution residual(const Distribution& model, const Distribution& draft);

}  // namespace llmx::engine
