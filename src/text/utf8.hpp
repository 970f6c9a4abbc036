#pragma once
// UTF-8: tokens may end inside a character, but what is shown or stored must be valid.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmx::utf8 {

/// What a text starts with: a character, or the longest beginning of one (at least a byte).
struct Character {
    std::size_t length = 0;  ///< bytes
    std::int32_t code = -1;  ///< code point; negative if the bytes are not a character

    [[nodiscard]] bool is_valid() const { return code >= 0; }
};
Character first_character(std::string_view text);  ///< `text` may not be empty

/// The offset of the first byte that is not part of a valid, complete character
/// (no overlong forms, no surrogates, at most U+10FFFF); text.size() if all of it is valid.
std::size_t first_invalid(std::string_view text);

inline bool is_valid(std::string_view text) { return first_invalid(text) == text.size(); }

/// Number of bytes at the end of `text` that begin an incomplete character: 0 to 3.
std::size_t incomplete_tail(std::string_view text);

/// `text` with every maximal run of invalid bytes replaced by U+FFFD, as the Unicode standard recommends (one
/// replacement per truncated character, one per stray byte).
std::string replace_invalid(std::string_view text);

/// The byte at which each character of a text begins, and the text's size. Invalid bytes count as in
/// `replace_invalid`.
std::vector<std::size_t> character_offsets(std::string_view text);

/// Throws Error{input} naming `what` and the offset of the first invalid byte.
void require_valid(std::string_view text, std::string_view what);

}  // namespace llmx::utf8
