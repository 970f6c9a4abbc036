#pragma once
// The smallest pieces into which a text of tokens can be split.

#include <string>
#include <utility>
#include <vector>

#include "unit/split.hpp"

namespace llmx::unit {

/// Bytes [first, last) of the whole text.
using Range = std::pair<std::size_t, std::size_t>;

/// A row, or several rows that share a character, as those of a byte-level tokenizer may.
struct Grain {
    int first = 0, last = 0;  ///< rows [first, last)
    Range bytes;              ///< all of them
    Range inked;              ///< without the white space around them; empty: only white space
    bool special = false;
    bool answer = false;
    int part = -1;  ///< the first of Text::parts that it has text of; -1: none

    [[nodiscard]] bool white() const { return inked.first == inked.second; }
    /// Has text inside `range`; for white space: begins inside it.
    [[nodiscard]] bool touches(const Range& range) const;
};

struct Grains {
    std::string text;
    std::size_t prompt = 0;         ///< bytes of it
    std::string shown;              ///< the prompt as people see it, in which places are given
    std::vector<Range> characters;  ///< of each character of `shown`: its bytes in `text`
    std::vector<Grain> all;
};

/// Control tokens, and the first row of the answer, share no character with what comes before them. Throws
/// Error{usage} for parts that are not inside the prompt, or out of order.
Grains grains(const Text& text);

/// Characters [first, last) of `shown` as bytes of `text`. Throws Error{input} if it has no such characters;
/// `key` is what they were given for.
Range bytes_of(const Grains& grains, std::string_view key, std::pair<int, int> characters);

}  // namespace llmx::unit
