#pragma once
// From texts to token ids and back: a prompt, and the texts that continue it (answers, labels, contrasts).
// What was read is spelled as it was written, so that a result's texts, given again, are the same ids.

#include <llmx/model.hpp>
#include <span>
#include <string>
#include <string_view>

namespace llmx::engine {

/// The ids of a prompt, with the model's own first and last tokens (BOS, EOS) once, whether the text spells
/// them or not. `markup`: control tokens that the text spells ("<|im_start|>") become those tokens. After
/// them, SentencePiece puts a space; if the text has one there, it gets no second one.
Tokens prompt_tokens(const Model& model, std::string_view text, bool markup);

/// The ids of a text that continues another, as it is written. SentencePiece puts a space before every text;
/// a continuation gets none. Control tokens that the text spells become those tokens: a written answer ends
/// with one. Throws Error{unsupported} for a text that the tokenizer reads only with that space.
Tokens continuation(const Model& model, std::string_view text);

/// The text that `continuation` turns into these ids: their bytes. `special`: with control tokens.
std::string continued_text(const Model& model, std::span<const Token> ids, bool special = false);

/// The first control token that the text spells; empty: none. `may_end`: an end token at its very end is
/// none.
std::string spelled_control_token(const Model& model, std::string_view text, bool may_end);

}  // namespace llmx::engine
