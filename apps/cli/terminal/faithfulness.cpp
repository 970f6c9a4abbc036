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

}  // namespace

std::vector<Measured> measured(const Explanation& result) {
    std::vector<Measured> all;
    faithfulness::for_each_map(
        result, [&](const faithfulness::MethodMap& map, const std::optional<Faithfulness>& measured_of_it) {
            if (measured_of_it) all.emplace_back(map.method, *measured_of_it);
        });
    return all;
}

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

void print_faithfulness(std::ostream& out, const Explanation& result, bool color) {
    const std::vector<Measured> all = measured(result);
    if (all.empty()) return;
    std::vector<std::vector<std::string>> lines = {
        {"faithfulness", "comprehensiveness (random)", "sufficiency (random)", "Kendall tau (random)"}};
    for (const auto& [method, f] : all) {
        const bool own = !f.measure.empty() && f.measure != "probability";
        lines.push_back({own ? fmt::format("{} ({})", method, f.measure) : method,
                         beside_random(f.comprehensiveness), beside_random(f.sufficiency),
                         f.kendall_tau ? beside_random(*f.kendall_tau) : "none"});
    }
    print_table(out, lines, color);
    fmt::print(out,
               "better: comprehensiveness and tau high, sufficiency low; *: better than random, p < 0.05; "
               "{} random rankings; absent: {}\n\n",
               all.front().second.random_seeds, to_string(all.front().second.absence));
}

}  // namespace llmx::cli
