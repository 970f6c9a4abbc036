#pragma once
// What a model and its input must be before llama.cpp, which aborts on what it does not like, sees them.

#include <span>
#include <string>
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

/// As require_causal, but encoder-decoders write too.
void require_generative(const Model& model);

/// Does the memory hold one cell a token, that attention alone reads? Not so: recurrent and hybrid models,
/// and attention that looks up tokens in an index of its own. Of decoders.
bool has_plain_cache(const Model& model);

/// Throws Error{unsupported} for a model in which a token is read by more than attention, so that it cannot
/// be hidden by hiding its keys.
void require_hidden_rows(const Model& model);

/// Throws Error{context_overflow} where the model's table of position embeddings ends before so many
/// tokens: nothing goes beyond it. Rotary and other computed positions go on.
void require_positions(const Model& model, int tokens);

/// What is to be said of a text of so many tokens: it is longer than what the model was trained on, and
/// the file has no scaling of its rotary positions. Empty: nothing.
std::string context_warning(const Model& model, int tokens);

/// Throws Error{input} naming the first id that is not in the vocabulary.
void require_tokens(const Model& model, std::span<const Token> ids);

}  // namespace llmx::engine
