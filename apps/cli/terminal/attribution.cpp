#include "terminal/attribution.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cmath>
#include <llmx/view.hpp>
#include <numeric>

#include "terminal/text_parts.hpp"

namespace llmx::cli {
namespace {

constexpr std::size_t table_rows = 10;
constexpr std::size_t longest_cell = 60;

/// Scores summed over the targets: what the units mean to all of what is explained.
std::vector<double> totals(const Attribution& entry) {
    std::vector<double> sums(entry.units.size(), 0.0);
    for (std::size_t t = 0; t < entry.targets.size(); ++t) {
        const auto row = entry.scores.row(t);
        for (std::size_t u = 0; u < sums.size(); ++u) sums[u] += row[u];
    }
    return sums;
}

/// A colour's place for every unit: signed scores by their size, others from the smallest to the largest.
std::vector<float> shades(const Attribution& entry) {
    const std::vector<double> sums = totals(entry);
    if (sums.empty()) return {};
    const auto [low, high] = std::minmax_element(sums.begin(), sums.end());
    const double zero = entry.is_signed ? 0.0 : *low;
    const double scale = entry.is_signed ? std::max(std::abs(*low), std::abs(*high)) : *high - *low;
    std::vector<float> shaded;
    shaded.reserve(sums.size());
    for (const double s : sums) shaded.push_back(scale > 0 ? static_cast<float>((s - zero) / scale) : 0.0F);
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
    std::vector<std::string> tokens = sources_of(result);
    std::vector<float> of_token(tokens.size(), 0.0F);
    std::size_t shown = result.prompt.size();
    const std::vector<float> of_unit = shades(entry);
    for (std::size_t u = 0; u < of_unit.size(); ++u) {
        for (const int token : entry.units[u].tokens) {
            of_token[static_cast<std::size_t>(token)] = of_unit[u];
            shown = std::max(shown, static_cast<std::size_t>(token) + 1);
        }
    }
    tokens.resize(shown);
    of_token.resize(shown);
    (entry.is_signed ? view::ansi_signed : view::ansi)(out, tokens, of_token, color);
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

/// The units of largest score by the first method, all methods beside each other.
void table(std::ostream& out, const std::vector<Attribution>& entries, bool color) {
    std::vector<std::vector<double>> columns;
    std::vector<std::size_t> widths;
    std::string heading = "position";
    for (const Attribution& entry : entries) {
        if (entry.units.size() != entries.front().units.size()) continue;
        columns.push_back(totals(entry));
        widths.push_back(std::max<std::size_t>(9, entry.method.size()));
        heading += fmt::format("  {:>{}}", entry.method, widths.back());
    }
    const std::vector<Unit>& units = entries.front().units;
    std::vector<std::size_t> order(units.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::abs(columns.front()[a]) > std::abs(columns.front()[b]);
    });
    order.resize(std::min(order.size(), table_rows));
    title(out, heading + "  " + units.front().kind, color);
    for (const std::size_t u : order) {
        fmt::print(out, "{:>8}", units[u].tokens.front());
        for (std::size_t m = 0; m < columns.size(); ++m)
            fmt::print(out, "  {:>{}}", score_cell(columns[m][u]), widths[m]);
        fmt::print(out, "  {}\n", shortened(units[u].text));
    }
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
    if (!result.attributions.empty()) table(out, result.attributions, color);
}

}  // namespace llmx::cli
