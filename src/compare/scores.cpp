// How much two lists of scores agree, and where they differ.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/compare.hpp>
#include <llmx/error.hpp>
#include <numeric>

#include "compare/align.hpp"
#include "core/rank_correlation.hpp"

namespace llmx {
namespace {

using align::Matches;
using Scores = std::vector<double>;

/// Indices of the highest scores; among equal ones the first.
std::vector<std::size_t> highest(const Scores& scores, std::size_t count) {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto i, auto j) { return scores[i] > scores[j]; });
    order.resize(count);
    std::sort(order.begin(), order.end());
    return order;
}

Agreement agreement(const Scores& a, const Scores& b, int asked) {
    Agreement found{.spearman = spearman(a, b), .kendall = kendall(a, b), .cosine = cosine(a, b)};
    const std::size_t top = std::min(static_cast<std::size_t>(asked), a.size());
    const auto of_a = highest(a, top);
    const auto of_b = highest(b, top);
    std::vector<std::size_t> both;
    std::set_intersection(of_a.begin(), of_a.end(), of_b.begin(), of_b.end(), std::back_inserter(both));
    found.top = static_cast<int>(top);
    found.overlap = static_cast<double>(both.size()) / static_cast<double>(top);
    return found;
}

/// Scores of the units that are matched, of one target.
Scores row(const Attribution& a, std::size_t target, const std::vector<std::size_t>& units) {
    const auto scores = a.scores.row(target);
    Scores chosen;
    chosen.reserve(units.size());
    for (const std::size_t u : units) chosen.push_back(scores[u]);
    return chosen;
}

Scores sum(const Attribution& a, const std::vector<std::size_t>& units) {
    Scores total(units.size(), 0.0);
    for (std::size_t t = 0; t < a.targets.size(); ++t) {
        const Scores one = row(a, t, units);
        for (std::size_t i = 0; i < total.size(); ++i) total[i] += one[i];
    }
    return total;
}

void require_same_targets(const Attribution& a, const Attribution& b) {
    const auto refuse = [&](const std::string& how) {
        throw Error(ErrorCode::input,
                    fmt::format("{}: targets differ: {}; expected the same targets", a.method, how));
    };
    if (a.targets.size() != b.targets.size())
        refuse(fmt::format("{} in the first, {} in the second", a.targets.size(), b.targets.size()));
    for (std::size_t t = 0; t < a.targets.size(); ++t) {
        if (a.targets[t].text != b.targets[t].text)
            refuse(fmt::format("target {} is \"{}\" in the first and \"{}\" in the second", t,
                               a.targets[t].text, b.targets[t].text));
    }
}

void require_whole(const Attribution& a) {
    const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(a.targets.size()),
                                             static_cast<std::int64_t>(a.units.size())};
    if (a.scores.shape == shape && a.scores.values.size() == a.targets.size() * a.units.size()) return;
    throw Error(ErrorCode::input, fmt::format("{}: {} scores for {} targets and {} units; expected one each",
                                              a.method, a.scores.values.size(), shape[0], shape[1]));
}

double length(const Scores& scores) {
    return std::sqrt(std::inner_product(scores.begin(), scores.end(), scores.begin(), 0.0));
}

std::vector<Difference> differences(const Attribution& first, const Scores& a, const Scores& b,
                                    const Matches& matches, int count) {
    const auto ranks_a = ranks(a);
    const auto ranks_b = ranks(b);
    const auto scale = [](double norm) { return norm > 0 ? 1 / norm : 0.0; };
    const double scale_a = scale(length(a));
    const double scale_b = scale(length(b));
    const auto apart = [&](std::size_t i) { return std::abs(scale_a * a[i] - scale_b * b[i]); };
    std::vector<std::size_t> order(a.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto i, auto j) { return apart(i) > apart(j); });
    order.resize(std::min(static_cast<std::size_t>(count), order.size()));
    std::vector<Difference> found;
    found.reserve(order.size());
    for (const std::size_t i : order) {
        if (apart(i) < 1e-12) break;  // of lists of length 1: rounding
        const auto [u, v] = matches[i];
        found.push_back({.text = first.units[u].text,
                         .first_unit = static_cast<int>(u),
                         .second_unit = static_cast<int>(v),
                         .first = a[i],
                         .second = b[i],
                         .first_rank = ranks_a[i],
                         .second_rank = ranks_b[i]});
    }
    return found;
}

}  // namespace

Comparison compare(const Attribution& first, const Attribution& second, const CompareOptions& options) {
    if (options.top < 1 || options.differences < 1) {
        throw Error(ErrorCode::usage, fmt::format("compare: top {}, differences {}; expected 1 or more",
                                                  options.top, options.differences));
    }
    require_whole(first);
    require_whole(second);
    if (!options.align_text) require_same_targets(first, second);
    const Matches matches = options.align_text ? align::by_text(first.units, second.units)
                                               : align::one_to_one(first.units, second.units);
    if (matches.empty() || first.targets.empty() || second.targets.empty())
        throw Error(ErrorCode::input,
                    fmt::format("{}: no unit is in both; expected some to compare", first.method));
    std::vector<std::size_t> units_a, units_b;
    for (const auto& [u, v] : matches) {
        units_a.push_back(u);
        units_b.push_back(v);
    }
    const Scores a = sum(first, units_a);
    const Scores b = sum(second, units_b);
    Comparison found{.method = first.method,
                     .objective = first.objective,
                     .first_options = first.options,
                     .second_options = second.options,
                     .units = static_cast<int>(matches.size()),
                     .first_units = static_cast<int>(first.units.size()),
                     .second_units = static_cast<int>(second.units.size()),
                     .total = agreement(a, b, options.top),
                     .targets = {},
                     .differences = differences(first, a, b, matches, options.differences)};
    if (options.align_text || first.targets.size() == 1) return found;
    found.targets.reserve(first.targets.size());
    for (std::size_t t = 0; t < first.targets.size(); ++t)
        found.targets.push_back(agreement(row(first, t, units_a), row(second, t, units_b), options.top));
    return found;
}

}  // namespace llmx
