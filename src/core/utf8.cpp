#include "core/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

namespace llmx::utf8 {
namespace {

// What `text` (not empty) starts with: a character, one cut off by the end, or neither.
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
    for (std::size_t at = 0; at < text.size(); at += step(text.substr(at)).length) offsets.push_back(at);
    offsets.push_back(text.size());
    return offsets;
}

std::string decompose_hangul(std::string_view text) {
    constexpr unsigned first = 0xAC00, last = 0xD7A3, vowels = 21, finals = 28;
    std::string result;
    const auto put = [&result](unsigned letter) {  // U+1100 to U+11FF: three bytes
        result += static_cast<char>(0xE0U | (letter >> 12U));
        result += static_cast<char>(0x80U | ((letter >> 6U) & 0x3FU));
        result += static_cast<char>(0x80U | (letter & 0x3FU));
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = [&](std::size_t at) {
            return static_cast<unsigned>(static_cast<unsigned char>(text[at]));
        };
        unsigned syllable = 0;
        if ((byte(i) & 0xF0U) == 0xE0U && i + 2 < text.size()) {
            syllable = ((byte(i) & 0xFU) << 12U) | ((byte(i + 1) & 0x3FU) << 6U) | (byte(i + 2) & 0x3FU);
        }
        if (syllable < first || syllable > last) {
            result += text[i];
            continue;
        }
        const unsigned index = syllable - first;
        put(0x1100U + index / (vowels * finals));
        put(0x1161U + index % (vowels * finals) / finals);
        if (index % finals != 0) put(0x11A7U + index % finals);
        i += 2;
    }
    return result;
}

void require_valid(std::string_view text, std::string_view what) {
    const std::size_t at = first_invalid(text);
    if (at == text.size()) return;
    throw Error(ErrorCode::input,
                fmt::format("{}: byte 0x{:02x} at offset {} is not valid UTF-8; expected UTF-8 text", what,
                            static_cast<unsigned char>(text[at]), at));
}

}  // namespace llmx::utf8
