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

/// The pieces of the prompt, in order; every token is in one. Characters are taken from the prompt's text. If it
/// cannot be followed, every token is a piece with its own text.
std::vector<Piece> prompt_pieces(const Explanation& result);

}  // namespace llmx::view
