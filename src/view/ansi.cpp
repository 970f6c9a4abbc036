// Text for a terminal: tokens in the original toolbox's five colours.

#include <fmt/format.h>

#include <llmx/error.hpp>
#include <llmx/view.hpp>

#include "text/utf8.hpp"

namespace llmx::view {
namespace {

/// SGR code of a score in [0, 1]. NaN, which is no score, gets the lowest.
int sgr(float score) {
    if (!(score > 0.3F)) return 37;  // white
    if (score <= 0.5F) return 90;    // grey
    if (score <= 0.7F) return 32;    // green
    if (score <= 0.9F) return 33;    // yellow
    return 31;                       // red
}

/// The same of a score in [-1, 1].
int signed_sgr(float score) {
    if (score <= -0.5F) return 34;     // blue
    if (score <= -0.15F) return 94;    // bright blue
    if (!(score >= 0.15F)) return 37;  // white
    return score < 0.5F ? 91 : 31;     // bright red, red
}

void print(std::ostream& out, const std::vector<std::string>& tokens, std::span<const float> scores,
           bool color, int (*code)(float)) {
    if (tokens.size() != scores.size()) {
        throw Error(ErrorCode::input, fmt::format("ansi: {} scores for {} tokens; expected one per token",
                                                  scores.size(), tokens.size()));
    }
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const std::string text = printable(tokens[i]);
        if (color) {
            out << "\x1b[" << code(scores[i]) << 'm' << text << "\x1b[0m";
        } else {
            out << text;
        }
    }
}

}  // namespace

std::string printable(std::string_view text) {
    std::string shown;
    shown.reserve(text.size());
    const std::string clean = utf8::replace_invalid(text);
    for (std::size_t i = 0; i < clean.size(); ++i) {
        const auto byte = static_cast<unsigned char>(clean[i]);
        const auto next = i + 1 < clean.size() ? static_cast<unsigned char>(clean[i + 1]) : 0;
        if (byte == '\n' || byte == '\t') {
            shown += clean[i];
        } else if (byte < 0x20) {  // U+2400...: the picture of each C0 control
            shown += "\xE2\x90";
            shown += static_cast<char>(0x80 + byte);
        } else if (byte == 0x7F) {
            shown += "\xE2\x90\xA1";
        } else if (byte == 0xC2 && next < 0xA0) {  // C1: terminals may read U+009B as ESC [
            shown += "\xEF\xBF\xBD";
            ++i;
        } else {
            shown += clean[i];
        }
    }
    return shown;
}

void ansi(std::ostream& out, const std::vector<std::string>& tokens, std::span<const float> scores,
          bool color) {
    print(out, tokens, scores, color, sgr);
}

void ansi_signed(std::ostream& out, const std::vector<std::string>& tokens, std::span<const float> scores,
                 bool color) {
    print(out, tokens, scores, color, signed_sgr);
}

}  // namespace llmx::view
