#pragma once
// Checks of a model and its input before llama.cpp, which would abort on invalid ones, sees them.

#include <span>
#include <string>
#include <string_view>

#include <llmx/model.hpp>

namespace llmx::engine {

/// By architecture. `causal`: what the file says about its attention.
ModelKind kind_of(std::string_view architecture, bool causal);

/// Throws Error{unsupported} for a model that cannot continue a text: encoders (embedding-only and
/// diffusion models among them), encoder-decoders.
void require_causal(const Model& model);

/// Throws Error{unsupported} for a model that does not read text by itself: a draft head, a vocoder.
void require_replayable(const Model& model);

/// Like require_causal, but allows encoder-decoders.
void require_generative(const Model& model);

/// Does a decoder's memory hold one cell per token, read by attention only? Not in recurrent and hybrid
/// models, nor with attention that looks tokens up in a separate index.
bool has_plain_cache(const Model& model);

/// Are most of its weights coarser than 16-bit floats?
bool is_quantized(const Model& model);

/// Throws Error{unsupported} for a model that reads tokens by other means than attention, so that hiding a
/// token's keys does not hide it.
void require_hidden_rows(const Model& model);

/// Throws Error{context_overflow} if the model's table of position embeddings has fewer rows than `tokens`.
/// Rotary and other computed positions have no such limit.
void require_positions(const Model& model, int tokens);

/// Throws Error{context_overflow} if the keys and values of that many tokens, as float32, take more memory
/// than is free. Models whose cache is not plain attention's, or whose key and
/// value weights have other names, are not checked.
void require_room_for_cache(const Model& model, int tokens);

/// A warning if a text of that many tokens is longer than what the model was trained on and the file has no
/// scaling of rotary positions; else empty.
std::string context_warning(const Model& model, int tokens);

/// Throws Error{input} naming the first id that is not in the vocabulary.
void require_tokens(const Model& model, std::span<const Token> ids);

}  // namespace llmx::engine
