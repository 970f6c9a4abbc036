#pragma once
// What lies between the product of a query and a key and the softmax's weights, read off the graph.

#include <string>

#include "replay/attention_reader.hpp"

namespace llmx::replay {

/// score = scale x, or softcap tanh(scale x / softcap), plus bias_scale bias, plus the mask, which ALiBi
/// multiplies by a slope of each head.
struct ScoreSteps {
    float scale = 1;
    float softcap = 0;   ///< 0: none
    int bias = -1;       ///< tensor that is added, or -1
    int bias_node = -1;  ///< the node that adds it
    float bias_scale = 1;
    float max_alibi = 0;  ///< 0: no ALiBi
    int mask = -1;        ///< tensor, or -1
    int sinks = -1;       ///< weight, or -1
    std::string unknown;  ///< what stands there that is none of this, or empty
};

ScoreSteps score_steps(const engine::Graph& graph, const AttentionSite& site);

/// ALiBi's slope of a head; 1 without.
float alibi_slope(float max_alibi, std::int64_t head, std::int64_t heads);

}  // namespace llmx::replay
