#pragma once
// What a reverse pass will do: which nodes, by which rules, and which values it must find on the tape.

#include <memory>
#include <span>
#include <vector>

#include "engine/pass/graph.hpp"
#include "tape/tape.hpp"
#include "vjp/rule.hpp"

namespace llmx::vjp {

/// One node of the reverse pass.
struct Step {
    int node = -1;               ///< order in the graph
    const Rule* rule = nullptr;  ///< null: the node is only watched, or gradients end there
    std::uint32_t wanted = 0;    ///< sources that take a gradient
    std::vector<tape::ValueKey> keeps;
    /// What the rule sees in place of the graph's node: attention joined from several nodes.
    std::shared_ptr<const engine::TensorInfo> joined;

    [[nodiscard]] const engine::TensorInfo& info(const engine::Graph& graph) const {
        return joined ? *joined : graph.at(graph.nodes[static_cast<std::size_t>(node)]);
    }
};

struct Plan {
    std::vector<Step> steps;  ///< in order of the forward pass

    /// All values of steps [first, last).
    [[nodiscard]] tape::Keeps keeps(std::size_t first, std::size_t last) const;
};

/// `from`: tensors whose gradient is seeded; `to`: nodes where it ends (embeddings); `watched`: further nodes
/// whose gradient is requested. Throws Error{unsupported}, naming operation, node and block, for an operation
/// on the way that has no rule.
Plan plan(const engine::Graph& graph, std::span<const int> from, std::span<const int> to,
          std::span<const int> watched);

}  // namespace llmx::vjp
