#pragma once
// What the vocabulary says about a token.

#include <llmx/model.hpp>
#include <map>
#include <string>

namespace llmx::engine {

/// Is it markup (beginning, end, padding, a role) instead of text?
bool is_special(const Model& model, Token id);

/// Does it end what the model writes?
bool is_end(const Model& model, Token id);

/// A neutral token that represents absence: padding, else the end of a text or turn, else 0.
Token neutral_token(const Model& model);

/// The special tokens that exist, by their usual names: bos, eos, eot, pad, sep, mask.
std::map<std::string, Token> special_tokens(const Model& model);

}  // namespace llmx::engine
