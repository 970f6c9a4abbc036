#pragma once
// What the vocabulary says of a token.

#include <llmx/model.hpp>
#include <map>
#include <string>

namespace llmx::engine {

/// Is it markup (beginning, end, padding, a role) instead of text?
bool is_special(const Model& model, Token id);

/// A token that says nothing, to stand for absence: padding, else the end of a text or turn, else 0.
Token neutral_token(const Model& model);

/// Those that there are, by the names that tokenizers have for them: bos, eos, eot, pad, sep, mask.
std::map<std::string, Token> special_tokens(const Model& model);

}  // namespace llmx::engine
