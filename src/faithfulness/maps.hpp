#pragma once
// Every map of a result whose faithfulness can be measured: those of the original's two methods, and the
// attributions.

#include <algorithm>
#include <cmath>
#include <llmx/result.hpp>
#include <span>
#include <string>
#include <vector>

#include "faithfulness/faithfulness.hpp"

namespace llmx::faithfulness {

/// The scores of one method.
struct MethodMap {
    std::string method;
    std::span<const float> scores = {};  ///< [targets, columns]
    std::size_t columns = 0;
    bool of_prompt = false;  ///< a column is a token of the prompt instead of a unit
};

/// Scores of columns, summed over targets.
inline Map summed(std::span<const float> scores, std::size_t columns) {
    Map sums(columns, 0.0);
    for (std::size_t i = 0; i < scores.size(); ++i) sums[i % columns] += static_cast<double>(scores[i]);
    return sums;
}

/// What the saliency map was scaled and rounded from, to three digits, which ties tokens; the map itself
/// where the gradient is not there.
inline std::vector<float> unrounded(const GradientResult& result) {
    if (result.gradient.empty()) return result.saliency_map;
    std::vector<float> scores;
    for (std::size_t p = 0; p < result.saliency_map.size(); ++p) {
        float largest = 0;
        for (const float g : result.gradient.row(p)) largest = std::max(largest, std::abs(g));
        scores.push_back(largest);
    }
    return scores;
}

/// Calls `visit(map, faithfulness, plausibility)` for each map. Attributions are visited in their order; of
/// two maps with the same method, the one that was requested first comes first.
void for_each_map(auto& result, const auto& visit) {
    const auto of_prompt = [&](const char* method, const std::vector<float>& scores, auto& of) {
        visit(MethodMap{method, scores, scores.size(), true}, of.faithfulness, of.plausibility);
    };
    if (auto& attention = result.original.attention; attention && !attention->pair.attention.empty())
        of_prompt("attention", attention->pair.attention, attention->pair);
    if (auto& gradient = result.original.gradient) of_prompt("gradient", unrounded(*gradient), *gradient);
    for (auto& entry : result.attributions)
        visit(MethodMap{entry.method, entry.scores.values, entry.units.size()}, entry.faithfulness,
              entry.plausibility);
}

}  // namespace llmx::faithfulness
