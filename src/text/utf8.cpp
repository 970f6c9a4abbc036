#include "text/utf8.hpp"

#include <fmt/format.h>
#include <unicode/utf8.h>

#include <cstdint>
#include <llmx/error.hpp>

namespace llmx::utf8 {

Character first_character(std::string_view text) {
    std::int64_t length = 0;
    UChar32 code = 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"  // the macro narrows int to uint8_t
    U8_NEXT(text, length, static_cast<std::int64_t>(text.size()), code);
#pragma GCC diagnostic pop
    return {static_cast<std::size_t>(length), code};
}

std::size_t first_invalid(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const Character character = first_character(text.substr(at));
        if (!character.is_valid()) return at;
        at += character.length;
    }
    return at;
}

std::size_t incomplete_tail(std::string_view text) {
    auto whole = static_cast<std::int64_t>(text.size());
    U8_TRUNCATE_IF_INCOMPLETE(text, 0, whole);
    return text.size() - static_cast<std::size_t>(whole);
}

std::string replace_invalid(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const Character character = first_character(text);
        out += character.is_valid() ? text.substr(0, character.length) : std::string_view("\xEF\xBF\xBD");
        text.remove_prefix(character.length);
    }
    return out;
}

std::vector<std::size_t> character_offsets(std::string_view text) {
    std::vector<std::size_t> offsets;
    for (std::size_t at = 0; at < text.size(); at += first_character(text.substr(at)).length)
        offsets.push_back(at);
    offsets.push_back(text.size());
    return offsets;
}

void require_valid(std::string_view text, std::string_view what) {
    const std::size_t at = first_invalid(text);
    if (at == text.size()) return;
    throw Error(ErrorCode::input,
                fmt::format("{}: byte 0x{:02x} at offset {} is not valid UTF-8; expected UTF-8 text", what,
                            static_cast<unsigned char>(text[at]), at));
}

}  // namespace llmx::utf8
