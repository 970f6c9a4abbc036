#include "view/plot/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <llmx/error.hpp>
#include <utility>

#include "core/suggest.hpp"
#include "view/plot/colour.hpp"
#include "view/plot/drawing.hpp"
#include "view/plot/map.hpp"

namespace llmx::view {
namespace {

constexpr double margin = 24;
constexpr const char* quiet = "#5d616b";

/// Where colours end: the largest size, or the second where one dwarfs all others by three (the first token
/// of attention), as the report does.
double scale_end(const std::vector<double>& values) {
    double first = 0;
    double second = 0;
    for (const double v : values) {
        const double size = std::abs(v);
        if (size > first) {
            second = std::exchange(first, size);
        } else if (size > second) {
            second = size;
        }
    }
    return second > 0 && first > 3 * second ? second : first;
}

double place(double value, double end) { return end > 0 ? std::clamp(value / end, -1.0, 1.0) : 0; }

/// Title, what the colours mean. The y below it.
double head(Drawing& out, const Explanation& result, const ScoreMap& map, double end, bool is_signed) {
    out.text(margin, 34, cut(fmt::format("{} by {}", map.method, drawn(result.model.file)), 90), "#1b1c1f",
             16);
    out.text(margin, 54, cut(drawn(map.objective), 100), quiet, 12);
    const std::string low = is_signed ? fmt::format("{:.3g}", -end) : "0";
    double x = margin;
    out.text(x, 78, low, quiet, 12);
    x += cells(low) * Drawing::cell * 12 / 14 + 8;
    for (int i = 0; i < 60; ++i, x += 2.5)
        out.rectangle(x, 69, 2.6, 10, score_colour(is_signed ? (i - 29.5) / 29.5 : i / 59.0));
    out.text(x + 8, 78, fmt::format("{:.3g}", end), quiet, 12);
    return 104;
}

/// Lays coloured units out in lines of `width`. The y below the last.
double flow(Drawing& out, const std::vector<std::string>& texts, const std::vector<double>& values,
            double end, double y, double width) {
    double x = margin;
    const auto new_line = [&] {
        x = margin;
        y += Drawing::line;
    };
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const double p = place(values[i], end);
        std::string rest = drawn(texts[i]);
        while (!rest.empty()) {  // up to the next line end, or what fits
            const std::size_t mark = rest.find("↵");
            std::string piece =
                mark == std::string::npos ? rest : rest.substr(0, mark + std::string("↵").size());
            rest.erase(0, piece.size());
            const int room = static_cast<int>((width - margin - x) / Drawing::cell);
            const int most = static_cast<int>((width - 2 * margin) / Drawing::cell);
            if (cells(piece) > room && x > margin) new_line();
            const std::string shown = cut(piece, most);
            const double wide = cells(shown) * Drawing::cell;
            out.rectangle(x, y - 15, wide, Drawing::line - 2, score_colour(p));
            out.text(x, y, shown, ink_on(p));
            x += wide;
            if (mark != std::string::npos) new_line();
        }
    }
    return y + Drawing::line;
}

std::string text_plot(const Explanation& result, const ScoreMap& map, double width) {
    std::vector<std::string> units;
    std::vector<double> values;
    for (std::size_t u = 0; u < map.units.size(); ++u) {
        if (!map.in_prompt[u]) continue;
        units.push_back(map.units[u]);
        double sum = 0;
        for (const auto& row : map.scores) sum += row[u];
        values.push_back(sum);
    }
    const double end = scale_end(values);
    const bool is_signed = std::any_of(values.begin(), values.end(), [](double v) { return v < 0; });
    Drawing out;
    double y = head(out, result, map, end, is_signed);
    y = flow(out, units, values, end, y + 8, width) + 12;
    out.text(margin, y, "Answer", quiet, 12);
    const std::vector<std::string>& answer = result.decode_output;
    y = flow(out, answer, std::vector<double>(answer.size(), 0.0), 1, y + Drawing::line, width);
    return out.svg(width, y + 8);
}

std::string matrix_plot(const Explanation& result, const ScoreMap& map, double width) {
    constexpr std::size_t most = 200'000;
    const std::size_t rows = map.targets.size();
    const std::size_t columns = map.units.size();
    if (rows * columns > most) {
        throw Error(
            ErrorCode::input,
            fmt::format("plot: a matrix of {} x {} cells; a drawing has at most {}; the report (llmx view) "
                        "shows any size",
                        rows, columns, most));
    }
    std::vector<double> columns_end(columns);
    bool is_signed = false;
    for (const auto& row : map.scores) {
        for (std::size_t u = 0; u < columns; ++u) {
            columns_end[u] = std::max(columns_end[u], std::abs(row[u]));
            is_signed = is_signed || row[u] < 0;
        }
    }
    const double end = scale_end(columns_end);
    const double left = margin + 130;
    const double across = std::min(22.0, (width - left - margin) / static_cast<double>(columns));
    const double down = std::clamp(across, 14.0, 18.0);
    const bool labels = across >= 9;
    Drawing out;
    const auto label = [](const std::string& text) {  // the space in front of a word says nothing here
        return cut(drawn(text.size() > 1 && text[0] == ' ' ? text.substr(1) : text), 15);
    };
    int longest = 0;
    for (const std::string& text : map.units) longest = std::max(longest, cells(label(text)));
    const double room = labels ? 16 + longest * Drawing::cell * 11 / 14 : 8;
    const double top = head(out, result, map, end, is_signed) + room;
    for (std::size_t u = 0; labels && u < columns; ++u) {
        out.text(left + (static_cast<double>(u) + 0.5) * across + 4, top - 6, label(map.units[u]), quiet, 11,
                 "start", true);
    }
    for (std::size_t t = 0; t < rows; ++t) {
        const double y = top + static_cast<double>(t) * down;
        out.text(left - 6, y + down / 2 + 4, cut(drawn(map.targets[t]), 18), quiet, 11, "end");
        for (std::size_t u = 0; u < columns; ++u) {
            const double p = place(map.scores[t][u], end);
            if (std::abs(p) > 0.002)
                out.rectangle(left + static_cast<double>(u) * across, y, across + 0.2, down + 0.2,
                              score_colour(p));
        }
    }
    return out.svg(width, top + static_cast<double>(rows) * down + margin);
}

std::string curve_plot(const Explanation& result, const ScoreMap& map, double width) {
    if (!map.faithfulness) {
        throw Error(
            ErrorCode::input,
            fmt::format(
                "plot: {} has no faithfulness in this result; expected a result of llmx explain with `check`",
                map.method));
    }
    const Faithfulness& f = *map.faithfulness;
    double top = 0;
    double low = 0;  // probabilities end there, other measures may not
    for (const auto* curve : {&f.deletion, &f.insertion, &f.random_deletion, &f.random_insertion}) {
        if (curve->size() != f.fractions.size())
            throw Error(ErrorCode::input,
                        "plot: a curve of the faithfulness has not as many points as fractions");
        for (const double p : *curve) top = std::max(top, p), low = std::min(low, p);
    }
    if (top <= low) top = low + 1;
    const double height = 420;
    const double left = margin + 50;
    const auto x = [&](double fraction) { return left + fraction * (width - left - margin); };
    const auto y = [&](double p) { return 80 + (1 - (p - low) / (top - low)) * (height - 80 - 70); };
    Drawing out;
    out.text(margin, 34,
             cut(fmt::format("Faithfulness of {} by {}", map.method, drawn(result.model.file)), 90),
             "#1b1c1f", 16);
    const bool probability = f.measure.empty() || f.measure == "probability";
    out.text(margin, 54,
             cut(fmt::format("{} against the part of units taken away or given",
                             probability ? "probability per answer token" : f.measure),
                 120),
             quiet, 12);
    out.rectangle(left, y(low), width - left - margin, 1, "#9aa0aa");
    out.rectangle(left, y(top), 1, y(low) - y(top), "#9aa0aa");
    for (const double part : {0.0, 0.5, 1.0}) {
        out.text(x(part), y(low) + 18, fmt::format("{:.0f} %", 100 * part), quiet, 12, "middle");
        const double at = low + part * (top - low);
        out.text(left - 8, y(at) + 4, fmt::format("{:.3g}", at), quiet, 12, "end");
    }
    const auto curve = [&](const std::vector<double>& values, const char* colour, bool dashed) {
        std::vector<std::pair<double, double>> points;
        points.reserve(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) points.emplace_back(x(f.fractions[i]), y(values[i]));
        out.polyline(points, colour, dashed);
    };
    curve(f.random_deletion, "#c94f00", true);
    curve(f.random_insertion, "#2f8fc8", true);
    curve(f.deletion, "#c94f00", false);
    curve(f.insertion, "#2f8fc8", false);
    out.text(left, height - 16, "best units taken away", "#b14600", 12);
    out.text(left + 190, height - 16, "only best units kept", "#1f74a6", 12);
    out.text(left + 370, height - 16, "dashed: random order", quiet, 12);
    return out.svg(width, height);
}

}  // namespace

std::string plot(const Explanation& result, const PlotChoice& choice) {
    static const std::array<std::string, 3> kinds = {"text", "matrix", "curve"};
    if (std::find(kinds.begin(), kinds.end(), choice.kind) == kinds.end())
        throw_unknown("`kind`", choice.kind, kinds);
    const ScoreMap map = find_map(result, choice.method);
    if (choice.kind == "matrix") return matrix_plot(result, map, choice.width);
    return choice.kind == "text" ? text_plot(result, map, choice.width)
                                 : curve_plot(result, map, choice.width);
}

}  // namespace llmx::view
