#include "view/plot/drawing.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "text/characters.hpp"
#include "text/utf8.hpp"
#include "view/markup.hpp"

namespace llmx::view {

std::string drawn(std::string_view text) {
    std::string out;
    each_character(utf8::replace_invalid(text), [&](char32_t code, std::string_view bytes) {
        if (code == '\n') {
            out += "↵";
        } else if (code == '\t') {
            out += "→";
        } else if (is_invisible(code)) {
            out += fmt::format("‹U+{:04X}›", static_cast<std::uint32_t>(code));
        } else {
            out += bytes;
        }
    });
    return out;
}

int cells(std::string_view drawn_text) {
    int count = 0;
    each_character(drawn_text, [&](char32_t code, std::string_view) { count += llmx::cells(code); });
    return count;
}

std::string cut(std::string_view drawn_text, int most) {
    if (cells(drawn_text) <= most) return std::string(drawn_text);
    std::string out;
    int count = 1;  // the mark's
    bool full = false;
    each_character(drawn_text, [&](char32_t, std::string_view bytes) {
        count += cells(bytes);
        full = full || count > most;
        if (!full) out += bytes;
    });
    return out + "…";
}

void Drawing::rectangle(double x, double y, double width, double height, std::string_view fill) {
    body_ += fmt::format("<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\" fill=\"{}\"/>\n",
                         x, y, width, height, fill);
}

void Drawing::text(double x, double y, std::string_view text, std::string_view fill, double size,
                   std::string_view anchor, bool upright) {
    if (text.empty()) return;
    const std::string turn = upright ? fmt::format(" transform=\"rotate(-90 {:.2f} {:.2f})\"", x, y) : "";
    body_ += fmt::format(
        "<text x=\"{:.2f}\" y=\"{:.2f}\" fill=\"{}\" font-size=\"{}\" text-anchor=\"{}\" "
        "textLength=\"{:.2f}\" "
        "lengthAdjust=\"spacingAndGlyphs\"{} xml:space=\"preserve\">{}</text>\n",
        x, y, fill, size, anchor, cells(text) * cell * size / 14, turn, markup_escaped(text));
}

void Drawing::polyline(const std::vector<std::pair<double, double>>& points, std::string_view colour,
                       bool dashed) {
    std::string places;
    for (const auto& [x, y] : points) places += fmt::format("{:.1f},{:.1f} ", x, y);
    body_ += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{}/>\n",
                         places, colour, dashed ? " stroke-dasharray=\"4 4\"" : "");
}

std::string Drawing::svg(double width, double height) const {
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
        "width=\"{0:.0f}\" "
        "height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" font-family=\"'DejaVu Sans Mono', Menlo, "
        "Consolas, "
        "monospace\">\n<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"#ffffff\"/>\n{2}</svg>\n",
        width, height, body_);
}

}  // namespace llmx::view
