#pragma once
// Distributions of the next token, and the acceptance of drafted tokens.

#include <span>
#include <vector>

#include <llmx/model.hpp>

namespace llmx::engine {

/// Probabilities of the possible next tokens; tokens not listed have probability 0.
struct Distribution {
    Tokens ids;
    std::vector<double> probabilities;  ///< sum to 1

    [[nodiscard]] double of(Token id) const;
};

/// All probability on one token: a greedy choice, or a draft that was not sampled.
Distribution certain(Token id);

/// The token at which the cumulated probability passes `u` of [0, 1).
Token draw(const Distribution& distribution, double u);

// Speculative sampling (Leviathan, Kalman, Matias 2023, "Fast inference from transformers via speculative
// decoding"): a token drawn from `draft` is kept with probability min(1, model / draft) and otherwise drawn
// again from norm(max(0, model - draft)). The token then has the distribution `model`.

/// The probability with which `id`, drawn from `draft`, is kept.
double acceptance(const Distribution& model, const Distribution& draft, Token id);

/// The distribution from which a rejected token is drawn again. `model` must give some token more than
/// `draft` does.
Distribution residual(const Distribution& model, const Distribution& draft);

}  // namespace llmx::engine
