#pragma once
// An SVG under construction. Texts are in a font of one width, so that their places are known here.

#include <string>
#include <string_view>
#include <vector>

namespace llmx::view {

class Drawing {
public:
    static constexpr double cell = 8.43;  ///< width of a character, 14 px DejaVu Sans Mono
    static constexpr double line = 22;

    void rectangle(double x, double y, double width, double height, std::string_view fill);
    /// A line of text, its baseline at y; `size` in px. A quarter turn to the left where `upright`.
    void text(double x, double y, std::string_view text, std::string_view fill = "#1b1c1f", double size = 14,
              std::string_view anchor = "start", bool upright = false);
    void polyline(const std::vector<std::pair<double, double>>& points, std::string_view colour, bool dashed);

    /// The whole file, on white.
    [[nodiscard]] std::string svg(double width, double height) const;

private:
    std::string body_;
};

/// `text` as it is drawn: controls, direction marks and what has no width are named ("‹U+202E›"), line ends
/// and tabs are "↵" and "→".
std::string drawn(std::string_view text);
/// Its width in cells: East Asian characters and emoji take two, combining marks none.
int cells(std::string_view drawn_text);
/// At most `most` cells, with "…" where it was cut.
std::string cut(std::string_view drawn_text, int most);

}  // namespace llmx::view
