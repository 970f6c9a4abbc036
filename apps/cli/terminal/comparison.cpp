#include "terminal/comparison.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <llmx/view.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "terminal/text_parts.hpp"

namespace llmx::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string shown(const std::optional<double>& number) {
    return number ? fmt::format("{:.4f}", *number) : "undefined";
}

/// Of several targets: the mean and the least of those that are defined.
std::string over_targets(const std::vector<Agreement>& targets, std::optional<double> Agreement::*number) {
    double sum = 0;
    double least = 1;
    int defined = 0;
    for (const Agreement& a : targets) {
        if (!(a.*number)) continue;
        sum += *(a.*number);
        least = std::min(least, *(a.*number));
        ++defined;
    }
    if (defined == 0) return "undefined";
    return fmt::format("{:.4f} (least {:.4f})", sum / defined, least);
}

/// "steps=20" where both say so, "steps=20 / 50" where they do not.
std::string options_of(const Comparison& c) {
    std::set<std::string> names;
    for (const auto& [name, value] : c.first_options) names.insert(name);
    for (const auto& [name, value] : c.second_options) names.insert(name);
    std::string text;
    for (const std::string& name : names) {
        const auto value = [&](const auto& options) {
            const auto found = options.find(name);
            return found == options.end() ? std::string("-") : found->second;
        };
        const std::string a = value(c.first_options);
        const std::string b = value(c.second_options);
        text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, a == b ? a : a + " / " + b);
    }
    return text;
}

Json json_of(const std::optional<double>& number) { return number ? Json(*number) : Json(nullptr); }

Json json_of(const Agreement& a) {
    return {{"spearman", json_of(a.spearman)},
            {"kendall", json_of(a.kendall)},
            {"cosine", json_of(a.cosine)},
            {"overlap", a.overlap},
            {"top", a.top}};
}

}  // namespace

void print_comparison(std::ostream& out, const Comparison& c, bool differences, bool color) {
    const std::string options = options_of(c);
    fmt::print(out, "{}{}{}{}{}\n", color ? "\x1b[1m" : "", view::printable(c.method),
               options.empty() ? "" : ": " + view::printable(options),
               c.objective.empty() ? "" : fmt::format(" ({})", view::printable(c.objective)),
               color ? "\x1b[0m" : "");
    const bool part = c.units != c.first_units || c.units != c.second_units;
    fmt::print(out, "  {} units{}: spearman {}, kendall {}, cosine {}, top {} shared {:.0f} %\n", c.units,
               part ? fmt::format(" in common, of {} and {}", c.first_units, c.second_units) : "",
               shown(c.total.spearman), shown(c.total.kendall), shown(c.total.cosine), c.total.top,
               100 * c.total.overlap);
    if (!c.targets.empty()) {
        double overlap = 0;
        for (const Agreement& a : c.targets) overlap += a.overlap / static_cast<double>(c.targets.size());
        fmt::print(out, "  mean of {} targets: spearman {}, kendall {}, cosine {}, top {} shared {:.0f} %\n",
                   c.targets.size(), over_targets(c.targets, &Agreement::spearman),
                   over_targets(c.targets, &Agreement::kendall), over_targets(c.targets, &Agreement::cosine),
                   c.targets.front().top, 100 * overlap);
    }
    if (!differences || c.differences.empty()) return;
    fmt::print(out, "  {:>6} {:>12} {:>7} {:>12} {:>7}  {}\n", "unit", "first", "rank", "second", "rank",
               "text");
    for (const Difference& d : c.differences) {
        fmt::print(out, "  {:>6} {:>12.5g} {:>7} {:>12.5g} {:>7}  {}\n", d.first_unit, d.first, d.first_rank,
                   d.second, d.second_rank, cell(d.text));
    }
}

Json comparison_json(const Comparison& c) {
    Json targets = Json::array();
    for (const Agreement& a : c.targets) targets.push_back(json_of(a));
    Json differences = Json::array();
    for (const Difference& d : c.differences) {
        differences.push_back({{"text", d.text},
                               {"units", {d.first_unit, d.second_unit}},
                               {"scores", {d.first, d.second}},
                               {"ranks", {d.first_rank, d.second_rank}}});
    }
    return {{"method", c.method},
            {"objective", c.objective},
            {"options", {c.first_options, c.second_options}},
            {"units", {{"compared", c.units}, {"first", c.first_units}, {"second", c.second_units}}},
            {"total", json_of(c.total)},
            {"targets", std::move(targets)},
            {"differences", std::move(differences)}};
}

}  // namespace llmx::cli
