#include "core/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

namespace llmx::utf8 {
namespace {

// What stands at the start of `text` (not empty): a character, one cut off by the end, or neither.
struct Step {
    std::size_t length = 1;  // bytes of the character, or of the longest valid beginning of one
    bool valid = false;
    bool cut_off = false;  // more bytes could complete it
};

Step step(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return {1, true, false};
    const std::size_t need = lead >= 0xC2 && lead <= 0xDF   ? 2
                             : lead >= 0xE0 && lead <= 0xEF ? 3
                             : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                            : 0;
    if (need == 0) return {};
    // The second byte's range rules out overlong forms, surrogates and values over U+10FFFF.
    const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (std::size_t i = 1; i < need; ++i) {
        if (i == text.size()) return {i, false, true};
        const unsigned from = i == 1 ? low : 0x80;
        const unsigned to = i == 1 ? high : 0xBF;
        if (byte(i) < from || byte(i) > to) return {i, false, false};
    }
    return {need, true, false};
}

}  // namespace

std::size_t first_invalid(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const Step s = step(text.substr(at));
        if (!s.valid) return at;
        at += s.length;
    }
    return at;
}

std::size_t incomplete_tail(std::string_view text) {
    for (std::size_t n = 1; n <= std::min<std::size_t>(3, text.size()); ++n) {
        const Step s = step(text.substr(text.size() - n));
        if (s.cut_off && s.length == n) return n;
    }
    return 0;
}

std::string replace_invalid(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const Step s = step(text);
        out += s.valid ? text.substr(0, s.length) : std::string_view("\xEF\xBF\xBD");
        text.remove_prefix(s.length);
    }
    return out;
}

std::vector<std::size_t> character_offsets(std::string_view text) {
    std::vector<std::size_t> offsets;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool continues = (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
        if (!continues) offsets.push_back(i);
    }
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
