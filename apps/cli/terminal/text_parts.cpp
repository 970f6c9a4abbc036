#include "terminal/text_parts.hpp"

#include <fmt/ostream.h>

#include <llmx/view.hpp>

namespace llmx::cli {

void title(std::ostream& out, const std::string& text, bool color) {
    fmt::print(out, "{}{}{}\n", color ? "\x1b[1m" : "", text, color ? "\x1b[0m" : "");
}

std::string cell(const std::string& token) {
    std::string text;
    for (const char c : view::printable(token)) {
        if (c == '\n') {
            text += "\xE2\x90\xA4";  // U+2424
        } else if (c == '\t') {
            text += "\xE2\x90\x89";  // U+2409
        } else {
            text += c;
        }
    }
    return '"' + text + '"';
}

}  // namespace llmx::cli
