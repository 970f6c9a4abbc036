#pragma once
// From logits to the distribution of the next token, by the options of a request.

#include <random>
#include <span>

#include "engine/generate/distribution.hpp"
#include "engine/model/model_impl.hpp"

namespace llmx::engine {

/// Divides the positive and multiplies the negative scores of every token of `text` by `penalty`
/// (Keskar et al. 2019, CTRL).
void penalize(std::span<const Token> text, float penalty, std::span<float> scores);

class Sampler {
public:
    /// `stream` tells the random numbers of several samplers of one request apart.
    Sampler(const GenerateOptions& options, std::uint32_t stream);

    /// What the next token after `text` is drawn from; with temperature 0, all of it on the most
    /// probable one (the lowest id among equals).
    Distribution distribution(std::span<const float> logits, std::span<const Token> text);

    /// A draw; draws no random number where there is no choice.
    Token draw(const Distribution& distribution);

    /// A number of [0, 1).
    double uniform();

private:
    float penalty_;
    bool greedy_;
    LlamaSamplerPtr chain_;
    std::mt19937_64 random_;
    std::vector<float> scores_;
    std::vector<llama_token_data> candidates_;
};

}  // namespace llmx::engine
