#pragma once
// The part of config.json that decoder families have in common.

#include <string_view>

#include "checkpoint/family.hpp"

namespace llmx::checkpoint {

/// How the common decoder keys differ between families.
struct DecoderTraits {
    bool rms_norm = true;          ///< else layer norm
    bool tied_by_default = false;  ///< if config.json does not give tie_word_embeddings
    bool rotary = true;
    float rotary_part = 1.0F;  ///< of a head, if config.json does not give it
    /// The activations that GGUF runs for this architecture; others are rejected.
    std::initializer_list<std::string_view> activations = {"silu", "swish"};
};

/// Sizes, norm epsilon, heads and rotary embedding, in all spellings. Throws Error{model} for what is
/// missing or out of range, Error{unsupported} for what llama.cpp would compute differently.
void decoder_hyperparameters(const Object& config, Hyperparameters& h, const DecoderTraits& traits = {});

/// Rotary embedding: base, scaling and the factors that some scalings need as tensors.
void rotary_hyperparameters(const Object& config, Hyperparameters& h, float part_by_default = 1.0F);

/// Mixture of experts: expert_count and expert_used_count.
void expert_hyperparameters(const Object& config, Hyperparameters& h);

/// Which blocks have a sliding window: by layer_types, else all but every n-th (sliding_window_pattern).
std::vector<bool> sliding_blocks(const Object& config, const Hyperparameters& h, std::uint32_t pattern);

/// For an architecture that llama.cpp runs without the model's sliding window: limits the context to the
/// window, up to which there is no difference.
void end_context_with_window(const Object& config, Hyperparameters& h);

/// Throws Error{unsupported} `config.json: KEY is VALUE; llama.cpp runs this family with EXPECTED`.
[[noreturn]] void refuse(const Object& config, std::string_view key, std::string_view expected);

}  // namespace llmx::checkpoint
