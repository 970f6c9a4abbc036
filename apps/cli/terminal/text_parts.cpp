#include "terminal/text_parts.hpp"

#include <fmt/ostream.h>

#include <algorithm>
#include <functional>
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

std::string in_one_line(const std::string& text) {
    std::string line;
    for (const char c : view::printable(text)) {
        const bool is_space = c == ' ' || (c >= '\t' && c <= '\r');
        if (!is_space)
            line += c;
        else if (!line.empty() && line.back() != ' ')
            line += ' ';
    }
    while (line.ends_with(' ')) line.pop_back();
    return line;
}

std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

double strongest(std::vector<double> sizes) {
    if (sizes.size() < 2) return sizes.empty() ? 0 : sizes.front();
    std::nth_element(sizes.begin(), sizes.begin() + 1, sizes.end(), std::greater<>());
    const double second = sizes[1];
    return second > 0 && sizes[0] > 3 * second ? second : sizes[0];
}

}  // namespace llmx::cli
