#pragma once
// What a model and its input must be before llama.cpp, which aborts on what it does not like, sees them.

#include <span>

#include <llmx/model.hpp>

namespace llmx::engine {

/// Throws Error{unsupported} for a model that cannot continue a text: embedding-only models,
/// encoder-decoders (not in this version), diffusion models.
void require_causal(const Model& model);

/// Throws Error{input} naming the first id that is not in the vocabulary.
void require_tokens(const Model& model, std::span<const Token> ids);

}  // namespace llmx::engine
