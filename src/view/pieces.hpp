#pragma once
// Tokens as a reader sees them: a character that several tokens share is shown once.

#include <llmx/result.hpp>
#include <string>
#include <vector>

namespace llmx::view {

/// Text of consecutive tokens [first, last): of one, or of several that end inside a character.
struct Piece {
    std::string text;
    std::size_t first = 0, last = 0;
};

/// The pieces of the prompt, in order; every token is in one. Characters are taken from the prompt's text. If
/// it cannot be followed, every token is a piece with its own text.
std::vector<Piece> prompt_pieces(const Explanation& result);

/// The text of every token of prompt and answer, whole characters where it has but a part of them.
std::vector<std::string> token_labels(const Explanation& result);

/// The text of every unit; of a single token that ends inside a character, its label.
std::vector<std::string> unit_labels(const Explanation& result, const Attribution& entry);

}  // namespace llmx::view
