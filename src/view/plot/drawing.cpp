#include "view/plot/drawing.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "core/utf8.hpp"
#include "view/markup.hpp"

namespace llmx::view {
namespace {

/// Calls `f(code point, its bytes)` for each character of valid text.
template <typename F>
void each_character(std::string_view text, F f) {
    const auto offsets = utf8::character_offsets(text);
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
        const std::string_view bytes = text.substr(offsets[i], offsets[i + 1] - offsets[i]);
        const auto lead = static_cast<unsigned char>(bytes[0]);
        char32_t code = bytes.size() == 1 ? lead : lead & (0x7FU >> bytes.size());
        for (const char c : bytes.substr(1)) code = (code << 6) | (static_cast<unsigned char>(c) & 0x3FU);
        f(code, bytes);
    }
}

struct Range {
    char32_t first, last;
};

template <std::size_t N>
bool in(const Range (&ranges)[N], char32_t code) {
    for (const Range& r : ranges) {
        if (code >= r.first && code <= r.last) return true;
    }
    return false;
}

/// Controls, format characters, and what XML does not allow.
constexpr Range unseen[] = {{0, 0x1F},        {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},
                            {0x180E, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},
                            {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xFFFE, 0xFFFF}, {0xE0000, 0xE007F},
                            {0x3164, 0x3164}};
constexpr Range combining[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x610, 0x61A},
                               {0x64B, 0x65F},   {0x900, 0x902},   {0x93C, 0x93C},   {0x941, 0x948},
                               {0x94D, 0x94D},   {0xE31, 0xE31},   {0xE34, 0xE3A},   {0xE47, 0xE4E},
                               {0x1AB0, 0x1AFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0x1F3FB, 0x1F3FF}};
constexpr Range wide[] = {{0x1100, 0x115F}, {0x2E80, 0x303E}, {0x3041, 0x33FF},   {0x3400, 0x4DBF},
                          {0x4E00, 0x9FFF}, {0xA000, 0xA4CF}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
                          {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};

}  // namespace

std::string drawn(std::string_view text) {
    std::string out;
    each_character(utf8::replace_invalid(text), [&](char32_t code, std::string_view bytes) {
        if (code == '\n') {
            out += "↵";
        } else if (code == '\t') {
            out += "→";
        } else if (in(unseen, code)) {
            out += fmt::format("‹U+{:04X}›", static_cast<std::uint32_t>(code));
        } else {
            out += bytes;
        }
    });
    return out;
}

int cells(std::string_view drawn_text) {
    int count = 0;
    each_character(drawn_text, [&](char32_t code, std::string_view) {
        count += in(combining, code) ? 0 : in(wide, code) ? 2 : 1;
    });
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
