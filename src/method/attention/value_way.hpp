#pragma once
// The way of an attention's values to the residual stream.

#include "engine/pass/graph.hpp"
#include "replay/attention_sites.hpp"

namespace llmx::method {

struct ValueWay {
    int product = -1;     ///< node: values (source 0) times softmax (source 1)
    int projection = -1;  ///< tensor: W_O, [embedding, heads * size]
    int scale = -1;       ///< tensor: what W_O's result is multiplied by, one number or [embedding]; or none
};

/// Throws Error{unsupported} unless values, softmax and output projection follow one another.
ValueWay find_value_way(const engine::Graph& graph, const replay::AttentionSite& site);

}  // namespace llmx::method
