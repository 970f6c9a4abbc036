#pragma once
// Texts that go on after another one: answers, labels and contrasts of a decoder.

#include <llmx/model.hpp>
#include <span>
#include <string>
#include <string_view>

namespace llmx::task {

/// The ids of a text that continues another, as it is written. SentencePiece puts a space before every text;
/// a continuation gets none. Special tokens are not parsed. Throws
/// Error{unsupported} for a text that the tokenizer reads only with that space.
Tokens continuation(const Model& model, std::string_view text);

/// The text that `continuation` turns into these ids: their bytes, without control tokens.
std::string continued_text(const Model& model, std::span<const Token> ids);

}  // namespace llmx::task
