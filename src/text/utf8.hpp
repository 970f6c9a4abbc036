#pragma once
// UTF-8: tokens may end inside a character, and what is shown or stored must be whole.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmx::utf8 {

/// What stands at the start of a text: a character, or the longest beginning of one (at least a byte).
struct Character {
    std::size_t length = 0;  ///< bytes
    std::int32_t code = -1;  ///< code point; negative if the bytes form no character

    [[nodiscard]] bool is_valid() const { return code >= 0; }
};
Character first_character(std::string_view text);  ///< `text` may not be empty

/// The offset of the first byte that is not part of a valid, complete character
/// (no overlong forms, no surrogates, at most U+10FFFF); text.size() where all is valid.
std::size_t first_invalid(std::string_view text);

inline bool is_valid(std::string_view text) { return first_invalid(text) == text.size(); }

/// Bytes at the end of `text` that begin a character which is not complete yet: 0 to 3.
std::size_t incomplete_tail(std::string_view text);

/// `text` with every maximal run of bytes that forms no character replaced by U+FFFD, as the
/// Unicode standard recommends (one replacement per truncated character, one per stray byte).
std::string replace_invalid(std::string_view text);

/// The byte at which each character of a text begins, and the text's size. Bytes that form no character are
/// taken as `replace_invalid` takes them.
std::vector<std::size_t> character_offsets(std::string_view text);

/// Throws Error{input} that names `what` and the offset of the first offending byte.
void require_valid(std::string_view text, std::string_view what);

}  // namespace llmx::utf8
