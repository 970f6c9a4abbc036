#pragma once
// Weights of attention from recorded queries and keys, in double, as docs/definitions.md section 8 says.

#include <cmath>
#include <llmx/view_data.hpp>
#include <vector>

namespace llmx::test {

/// The weights of head `first_head + head` for row `first_row + row`, [keys].
inline std::vector<float> weights_of(const NeuronGroup& group, std::size_t head, std::size_t row) {
    const auto keys = static_cast<std::size_t>(group.keys.shape[0]);
    const auto rows = static_cast<std::size_t>(group.queries.shape[1]);
    const auto query = group.queries.row(head * rows + row);
    std::vector<double> scores(keys, -INFINITY);
    double top = group.sinks.empty() ? -INFINITY : group.sinks[head];
    for (int k = group.visible[row].first; k < group.visible[row].second; ++k) {
        const auto key = group.keys.row(static_cast<std::size_t>(k));
        double score = 0;
        for (std::size_t d = 0; d < query.size(); ++d) score += static_cast<double>(query[d]) * key[d];
        score *= group.scale;
        if (group.softcap > 0) score = group.softcap * std::tanh(score / group.softcap);
        if (!group.bias.empty()) score += group.bias.row(head * rows + row)[static_cast<std::size_t>(k)];
        scores[static_cast<std::size_t>(k)] = score;
        top = std::max(top, score);
    }
    double sum = group.sinks.empty() ? 0 : std::exp(group.sinks[head] - top);
    for (const double score : scores) sum += std::exp(score - top);
    std::vector<float> weights;
    weights.reserve(keys);
    for (const double score : scores) weights.push_back(static_cast<float>(std::exp(score - top) / sum));
    return weights;
}

}  // namespace llmx::test
