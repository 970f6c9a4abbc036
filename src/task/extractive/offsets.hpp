#pragma once
// Which characters of a text each of its tokens represents, regardless of what the tokenizer did to case,
// accents and spaces: found by tokenizing parts of the text.

#include <functional>
#include <llmx/model.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace llmx::task {

/// Characters [first, last) of a text, counted in Unicode code points.
struct Characters {
    int first = 0;
    int last = 0;
    bool operator==(const Characters&) const = default;
};

/// What is needed of a tokenizer: the ids of a text without special tokens, and the bytes of an id.
struct Tokenizer {
    std::function<Tokens(std::string_view)> tokenize;
    std::function<std::string(Token)> bytes;
};
Tokenizer tokenizer_of(const Model& model);

struct AlignedText {
    Tokens ids;
    std::vector<Characters> characters;  ///< one for each id, without the spaces around it
};

/// Two ways, the first that fits: the tokens' bytes spell the text (byte-level BPE); or the text is taken
/// apart into words, which the tokenizer must treat one by one (WordPiece: lower case, no accents), and a
/// token ends with the shortest beginning of its word that gives the same tokens up to it. An unknown
/// word is one token over all its characters. Throws Error{unsupported} if neither fits.
AlignedText align(std::string_view text, const Tokenizer& tokenizer);

/// For ids whose text is unknown: the text that they spell, and the position of each in it.
struct SpelledText {
    std::string text;
    std::vector<Characters> characters;
};
SpelledText spell(std::span<const Token> ids, const Tokenizer& tokenizer);

/// Characters [first, last) of a text, as text. Throws Error{input} naming `what` if the text has no such
/// characters.
std::string part(std::string_view text, Characters characters, std::string_view what);

/// The first occurrence of a text in another. Throws Error{input} naming `what` if there is none.
Characters place_of(std::string_view text, std::string_view part, std::string_view what);

}  // namespace llmx::task
