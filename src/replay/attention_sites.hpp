#pragma once
// Where attention is in a graph, told by structure: what the keys come from.

#include <vector>

#include "engine/pass/graph.hpp"

namespace llmx::replay {

enum class AttentionKind {
    self,     ///< of the text: in a decoder over its KV cache, in an encoder over all of it
    encoder,  ///< an encoder-decoder's encoder, over the source
    cross,    ///< an encoder-decoder's decoder, over the encoder's result
};

/// The nodes of one block's attention in one sub-pass.
struct AttentionSite {
    AttentionKind kind = AttentionKind::self;
    int block = 0;
    int softmax = -1;  ///< node, [1, heads, queries, columns]
    int scores = -1;   ///< node: keys (source 0) times queries (source 1)
    int memory = -1;   ///< root of the KV cache that the keys are read from, or -1
};

/// Every attention of a graph, by block, then in order of the pass.
std::vector<AttentionSite> find_attention(const engine::Graph& graph);

}  // namespace llmx::replay
