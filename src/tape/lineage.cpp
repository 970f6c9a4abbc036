#include "tape/lineage.hpp"

#include <algorithm>

namespace llmx::tape {

Lineage::Lineage(const engine::Graph& graph) : graph_(graph), writers_(graph.tensors.size()) {
    for (const int id : graph.nodes) {
        const engine::TensorInfo& node = graph.at(id);
        if (!engine::is_window(node)) writers_[static_cast<std::size_t>(node.root)].push_back(node.order);
    }
}

ValueKey Lineage::read_by(int tensor, int reader) const {
    const int root = graph_.at(tensor).root;
    const auto& writers = writers_[static_cast<std::size_t>(root)];
    const auto next = std::lower_bound(writers.begin(), writers.end(), reader);
    return {root, next == writers.begin() ? -1 : *std::prev(next)};
}

ValueKey Lineage::written_by(int node) const {
    return {graph_.at(graph_.nodes[static_cast<std::size_t>(node)]).root, node};
}

}  // namespace llmx::tape
