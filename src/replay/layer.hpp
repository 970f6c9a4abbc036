#pragma once
// The residual stream after one block, as a place to differentiate at instead of the embeddings.

#include <vector>

#include "core/tensor_view.hpp"
#include "engine/pass/graph.hpp"

namespace llmx::replay {

/// The nodes that are the residual stream of the first `sources` rows after block `layer`, one of every
/// sub-pass that has such rows. Throws Error{usage} where there is no such block or it does not give a value
/// for every row of these sub-passes (a decoder's last one), Error{unsupported} where the graph names none.
std::vector<int> layer_nodes(const engine::Graph& graph, int layer, int sources);

}  // namespace llmx::replay
