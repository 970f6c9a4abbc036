#pragma once
// What a model and its input must be before llama.cpp, which aborts on what it does not like, sees them.

#include <span>
#include <string_view>

#include <llmx/model.hpp>

namespace llmx::engine {

/// By architecture. `causal`: the file's own word on its attention.
ModelKind kind_of(std::string_view architecture, bool causal);

/// Throws Error{unsupported} for a model that cannot continue a text: encoders (embedding-only and
/// diffusion models among them), encoder-decoders.
void require_causal(const Model& model);

/// Throws Error{unsupported} for a model that reads no text by itself: a draft head, a vocoder.
void require_replayable(const Model& model);

/// Throws Error{input} naming the first id that is not in the vocabulary.
void require_tokens(const Model& model, std::span<const Token> ids);

}  // namespace llmx::engine
