#include "terminal/attribution.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cmath>
#include <llmx/view.hpp>
#include <numeric>

#include "terminal/text_parts.hpp"
#include "view/pieces.hpp"

namespace llmx::cli {
namespace {

constexpr std::size_t table_rows = 10;
constexpr std::size_t longest_cell = 60;

/// Scores summed over the targets: what the units mean to all of what is explained.
std::vector<double> totals(const Attribution& entry, const Tensor& numbers) {
    std::vector<double> sums(entry.units.size(), 0.0);
    for (std::size_t t = 0; t < entry.targets.size(); ++t) {
        const auto row = numbers.row(t);
        for (std::size_t u = 0; u < sums.size(); ++u) sums[u] += row[u];
    }
    return sums;
}

/// A colour's place for every unit: signed scores by their size, others from the smallest to the largest.
std::vector<float> shades(const Attribution& entry) {
    const std::vector<double> sums = totals(entry, entry.scores);
    if (sums.empty()) return {};
    const double zero = entry.is_signed ? 0.0 : *std::min_element(sums.begin(), sums.end());
    std::vector<double> sizes;
    sizes.reserve(sums.size());
    for (const double s : sums) sizes.push_back(std::abs(s - zero));
    const double scale = strongest(std::move(sizes));
    std::vector<float> shaded;
    shaded.reserve(sums.size());
    for (const double s : sums) {
        const double shade = scale > 0 ? (s - zero) / scale : 0.0;
        shaded.push_back(static_cast<float>(std::clamp(shade, -1.0, 1.0)));
    }
    return shaded;
}

std::vector<std::string> sources_of(const Explanation& result) {
    std::vector<std::string> tokens = result.prompt;
    const auto& after =
        result.model.kind == ModelKind::encoder_decoder ? result.decoder_inputs : result.decode_output;
    tokens.insert(tokens.end(), after.begin(), after.end());
    return tokens;
}

/// Prompt, and as far as they have units the tokens after it, coloured.
void coloured(std::ostream& out, const Explanation& result, const Attribution& entry, bool color) {
    const std::vector<std::string> tokens = sources_of(result);
    std::vector<float> of_token(tokens.size(), 0.0F);
    std::size_t shown = result.prompt.size();
    const std::vector<float> of_unit = shades(entry);
    for (std::size_t u = 0; u < of_unit.size(); ++u) {
        for (const int token : entry.units[u].tokens) {
            of_token[static_cast<std::size_t>(token)] = of_unit[u];
            shown = std::max(shown, static_cast<std::size_t>(token) + 1);
        }
    }
    std::vector<std::string> texts;
    std::vector<float> shaded;
    for (const view::Piece& piece : view::prompt_pieces(result)) {
        texts.push_back(piece.text);
        shaded.push_back(*std::max_element(of_token.begin() + static_cast<std::ptrdiff_t>(piece.first),
                                           of_token.begin() + static_cast<std::ptrdiff_t>(piece.last),
                                           [](float a, float b) { return std::abs(a) < std::abs(b); }));
    }
    for (std::size_t i = result.prompt.size(); i < shown; ++i) {
        texts.push_back(tokens[i]);
        shaded.push_back(of_token[i]);
    }
    (entry.is_signed ? view::ansi_signed : view::ansi)(out, texts, shaded, color);
    out << '\n';
}

void completeness(std::ostream& out, const Attribution& entry) {
    if (entry.completeness.empty()) return;
    double difference = 0;
    double residual = 0;
    for (const Completeness& c : entry.completeness) {
        difference += c.f_input - c.f_baseline;
        residual += c.residual;
    }
    fmt::print(out, "f(input) - f(baseline) = {:.4g}; the scores' sum differs by {:.2g} ({:.2g} %)\n",
               difference, residual, difference != 0 ? 100 * std::abs(residual / difference) : 0.0);
}

std::string shortened(const std::string& text) {
    std::string shown = cell(text);
    if (shown.size() <= longest_cell) return shown;
    std::size_t end = longest_cell;
    while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xC0U) == 0x80U) --end;
    return shown.substr(0, end) + "...";
}

/// Four decimals where they say something; else as many digits, so that only 0 reads as 0.
std::string score_cell(double score) {
    const double size = std::abs(score);
    return score == 0 || (size >= 0.001 && size < 10000) ? fmt::format("{:.4f}", score)
                                                         : fmt::format("{:.3g}", score);
}

/// One method's scores as text, with their standard errors, and a mark where they may be rounding.
std::vector<std::string> cells(const Attribution& entry) {
    const std::vector<double> scores = totals(entry, entry.scores);
    std::vector<double> errors;  // of a sum over targets a bound: they come from the same samples
    if (!entry.standard_errors.empty()) errors = totals(entry, entry.standard_errors);
    const double noise = entry.noise.value_or(0) * static_cast<double>(entry.targets.size());
    std::vector<std::string> texts;
    for (std::size_t u = 0; u < scores.size(); ++u) {
        texts.push_back(score_cell(scores[u]));
        if (!errors.empty()) texts.back() += " \u00b1 " + score_cell(errors[u]);
        if (entry.noise) texts.back() += std::abs(scores[u]) <= noise ? "~" : " ";
    }
    return texts;
}

void print_noise(std::ostream& out, const std::vector<Attribution>& entries) {
    for (const Attribution& entry : entries) {
        if (!entry.noise) continue;
        fmt::print(out, "~ {}: may be rounding, scores up to {:.2g} of this quantised model{}\n",
                   entry.method, *entry.noise * static_cast<double>(entry.targets.size()),
                   " (docs/definitions.md, section 4)");
    }
}

/// The units of largest score by the first method, all methods beside each other.
void table(std::ostream& out, const Explanation& result, bool color) {
    const std::vector<Attribution>& entries = result.attributions;
    const std::vector<std::string> labels = view::unit_labels(result, entries.front());
    const std::vector<Unit>& units = entries.front().units;
    const std::vector<double> key = totals(entries.front(), entries.front().scores);
    std::vector<std::size_t> order(units.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return std::abs(key[a]) > std::abs(key[b]); });
    order.resize(std::min(order.size(), table_rows));
    const bool alike =
        std::all_of(units.begin(), units.end(), [&](const Unit& unit) { return unit.kind == units[0].kind; });
    const std::string heading = alike ? units[0].kind : "unit";
    std::vector<std::vector<std::string>> lines(1 + order.size());
    lines[0] = {"position"};
    for (std::size_t i = 0; i < order.size(); ++i)
        lines[i + 1] = {fmt::format("{}", units[order[i]].tokens.front())};
    for (const Attribution& entry : entries) {
        if (entry.units.size() != units.size()) continue;
        const std::vector<std::string> of_units = cells(entry);
        lines[0].push_back(entry.method);
        for (std::size_t i = 0; i < order.size(); ++i) lines[i + 1].push_back(of_units[order[i]]);
    }
    std::vector<std::size_t> widths;
    for (std::size_t c = 0; c < lines[0].size(); ++c) {
        widths.push_back(0);
        for (const auto& line : lines) widths.back() = std::max(widths.back(), width(line[c]));
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::string text;
        for (std::size_t c = 0; c < widths.size(); ++c)
            text += (c > 0 ? "  " : "") + std::string(widths[c] - width(lines[i][c]), ' ') + lines[i][c];
        if (i == 0) {
            title(out, text + "  " + heading, color);
        } else {
            fmt::print(out, "{}  {}\n", text, shortened(labels[order[i - 1]]));
        }
    }
    print_noise(out, entries);
    out << '\n';
}

}  // namespace

void print_attributions(std::ostream& out, const Explanation& result, bool color) {
    for (const Attribution& entry : result.attributions) {
        const char* const all = entry.targets.size() > 1 ? ", summed" : "";
        title(out, fmt::format("{} ({}{})", entry.method, view::printable(entry.objective), all), color);
        coloured(out, result, entry, color);
        completeness(out, entry);
        out << '\n';
    }
    if (!result.attributions.empty()) table(out, result, color);
}

}  // namespace llmx::cli
