#pragma once
// Attention as one operation: the product of keys and queries, the softmax and the product with the values,
// joined so that no matrix of weights has to be kept.

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "attention/strips.hpp"
#include "engine/pass/graph.hpp"

namespace llmx::engine {

/// TensorInfo::kind of joined nodes: unlike FLASH_ATTN_EXT's own, their values are [width, keys] and their
/// result is [heads, queries, width].
inline constexpr std::string_view values_across = "VALUES_ACROSS";

/// How often each tensor is read by a node, itself or through windows, by id.
std::vector<int> count_readers(const Graph& graph);

/// Nodes that are one FLASH_ATTN_EXT.
struct JoinedAttention {
    TensorInfo node;         ///< in place of the last of them; sources: q, k, v, mask, sinks
    std::vector<int> nodes;  ///< tensors: the product, what caps it, the softmax
};

/// The attention whose result is `output`, a product of values and weights; none where the nodes before it
/// are others, or something else reads them too.
std::optional<JoinedAttention> find_attention(const Graph& graph, const std::vector<int>& readers,
                                              int output);

/// Every such attention over at least attention::fewest_keys keys.
std::vector<JoinedAttention> find_long_attention(const Graph& graph);

/// The node before which source i of `node` is read. Attention that was joined reads its keys and values at
/// the end of the pass: cells that were written later were masked, and one copy serves all micro-batches.
int reading_node(const Graph& graph, const TensorInfo& node, int i);

/// The heads of FLASH_ATTN_EXT or a joined node, by its sources: q, k, v, mask, sinks; without data where
/// there are none.
attention::Heads heads_of(const TensorInfo& node, const std::array<TensorView<const float>, 5>& sources);

}  // namespace llmx::engine
