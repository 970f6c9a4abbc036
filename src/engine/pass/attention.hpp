#pragma once
// Attention as one operation: the product of keys and queries, the softmax and the product with the values,
// joined so that no matrix of weights has to be kept.

#include <array>
#include <string_view>
#include <vector>

#include "attention/strips.hpp"
#include "engine/pass/graph.hpp"

namespace llmx::engine {

/// TensorInfo::kind of joined nodes: unlike FLASH_ATTN_EXT's own, their values are [width, keys] and their
/// result is [heads, queries, width].
inline constexpr std::string_view values_across = "VALUES_ACROSS";

/// Nodes that are one FLASH_ATTN_EXT.
struct JoinedAttention {
    TensorInfo node;         ///< stands in for the last one; sources: q, k, v, mask, sinks
    int product = -1;        ///< tensor: keys times queries, the first one
    int soft_max = -1;       ///< tensor: the weights
    std::vector<int> inner;  ///< all but the last
};

/// Every attention over at least attention::fewest_keys keys, but for those with other nodes in between, and
/// those of which anything else reads an inner node.
std::vector<JoinedAttention> find_long_attention(const Graph& graph);

/// The node before which source i of `node` is read. Joined attention reads its keys and values at the end of
/// the pass: it masks the cells that are written after it, so one copy serves all micro-batches.
int reading_node(const Graph& graph, const TensorInfo& node, int i);

/// The heads of FLASH_ATTN_EXT or a joined node, by its sources: q, k, v, mask, sinks; without data where
/// there are none.
attention::Heads heads_of(const TensorInfo& node, const std::array<TensorView<const float>, 5>& sources);

}  // namespace llmx::engine
