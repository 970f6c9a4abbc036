#include "terminal/faithfulness.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "faithfulness/maps.hpp"
#include "terminal/text_parts.hpp"

namespace llmx::cli {
namespace {

std::string beside_random(const Faithfulness::Number& n) {
    const char* mark = n.p_value && *n.p_value < 0.05 ? "*" : " ";
    return fmt::format("{:.3f}{} ({:.3f} \u00b1 {:.3f})", n.value, mark, n.random, n.random_deviation);
}

std::string beside_random(const Plausibility::Number& n) {
    return fmt::format("{:.3f} ({:.3f})", n.value, n.random);
}

/// A method's name and what was measured of its map.
template <class Numbers>
using Measured = std::vector<std::pair<std::string, Numbers>>;

void print_faithfulness(std::ostream& out, const Measured<Faithfulness>& all, bool color) {
    if (all.empty()) return;
    std::vector<std::vector<std::string>> lines = {
        {"faithfulness", "comprehensiveness (random)", "sufficiency (random)", "Kendall tau (random)"}};
    const bool infidelity = all.front().second.infidelity.has_value();
    const bool sensitivity =
        std::any_of(all.begin(), all.end(), [](const auto& of) { return of.second.sensitivity_max; });
    if (infidelity) lines.front().emplace_back("infidelity (random)");
    if (sensitivity) lines.front().emplace_back("sensitivity-max");
    for (const auto& [method, f] : all) {
        const bool own = !f.measure.empty() && f.measure != "probability";
        lines.push_back({own ? fmt::format("{} ({})", method, f.measure) : method,
                         beside_random(f.comprehensiveness), beside_random(f.sufficiency),
                         f.kendall_tau ? beside_random(*f.kendall_tau) : "none"});
        if (infidelity) lines.back().push_back(beside_random(f.infidelity->scaled));
        if (sensitivity)
            lines.back().push_back(f.sensitivity_max ? fmt::format("{:.3f}", f.sensitivity_max->value)
                                                     : "none");
    }
    print_table(out, lines, color);
    fmt::print(out,
               "better: comprehensiveness and tau high, {} low; *: better than random, p < 0.05; "
               "{} random rankings; absent: {}\n\n",
               infidelity && sensitivity ? "sufficiency, infidelity and sensitivity"
               : infidelity              ? "sufficiency and infidelity"
               : sensitivity             ? "sufficiency and sensitivity"
                                         : "sufficiency",
               all.front().second.random_seeds, to_string(all.front().second.absence));
}

void print_plausibility(std::ostream& out, const Measured<Plausibility>& all, bool color) {
    if (all.empty()) return;
    std::vector<std::vector<std::string>> lines = {{"plausibility", "token F1 (random)", "AUPRC (random)"}};
    for (const auto& [method, p] : all)
        lines.push_back({method, beside_random(p.token_f1), beside_random(p.auprc)});
    print_table(out, lines, color);
    fmt::print(out, "better: high; random: the mean over all rankings; units of the rationale: {}\n\n",
               all.front().second.rationale_units);
}

}  // namespace

void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& lines, bool color) {
    std::vector<std::size_t> widths(lines.front().size(), 0);
    for (const auto& line : lines) {
        for (std::size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], width(line[c]));
    }
    for (std::size_t l = 0; l < lines.size(); ++l) {
        if (l == 0 && color) out << "\x1b[1m";
        for (std::size_t c = 0; c < lines[l].size(); ++c) {
            const std::string& cell = lines[l][c];
            const std::string pad(widths[c] - width(cell), ' ');
            if (c > 0) out << "  " << pad << cell;
            if (c == 0) out << cell << pad;
        }
        out << (l == 0 && color ? "\x1b[0m\n" : "\n");
    }
}

void print_measured(std::ostream& out, const Explanation& result, bool color) {
    Measured<Faithfulness> faithful;
    Measured<Plausibility> plausible;
    faithfulness::for_each_map(
        result, [&](const faithfulness::MethodMap& map, const std::optional<Faithfulness>& faithfulness,
                    const std::optional<Plausibility>& plausibility) {
            if (faithfulness) faithful.emplace_back(map.method, *faithfulness);
            if (plausibility) plausible.emplace_back(map.method, *plausibility);
        });
    print_faithfulness(out, faithful, color);
    print_plausibility(out, plausible, color);
}

}  // namespace llmx::cli
