#include "replay/layer.hpp"

#include <fmt/format.h>

#include <llmx/error.hpp>

#include "core/ranges.hpp"
#include "engine/model/blocks.hpp"

namespace llmx::replay {

namespace {

/// The nodes of one sub-pass that have the name and a value for every row.
std::vector<int> named(const engine::Graph& graph, const engine::SubPass& pass, const std::string& name) {
    std::vector<int> found;
    for (int order = pass.first_node; order < pass.last_node; ++order) {
        const engine::TensorInfo& node = graph.at(graph.nodes[static_cast<std::size_t>(order)]);
        const Shape every_row = {1, 1, pass.rows, node.shape[3]};
        if (node.name == name && node.shape == every_row) found.push_back(node.id);
    }
    return found;
}

/// One node of every sub-pass that has source rows, or none.
std::vector<int> nodes_after(const engine::Graph& graph, int block, int sources) {
    std::vector<int> found;
    for (const engine::SubPass& pass : graph.passes) {
        if (pass.first_row >= sources) continue;
        const std::vector<int> nodes = named(graph, pass, fmt::format("l_out-{}", block));
        if (nodes.size() != 1) return {};
        found.push_back(nodes.front());
    }
    return found;
}

}  // namespace

std::vector<int> layer_nodes(const engine::Graph& graph, int layer, int sources) {
    std::vector<int> found = nodes_after(graph, layer, sources);
    if (!found.empty()) return found;
    int last = -1;
    for (const int id : graph.nodes) last = std::max(last, engine::block_of(graph.at(id).name));
    std::vector<int> works;
    for (int block = 0; block <= last; ++block) {
        if (!nodes_after(graph, block, sources).empty()) works.push_back(block);
    }
    if (works.empty()) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("`layer`: got {}; this architecture's graph names no residual stream with a "
                                "row for every token (l_out); -1, the embeddings, works",
                                layer));
    }
    throw Error(ErrorCode::usage, fmt::format("`layer`: got {}; the residual stream has a row for every "
                                              "token after blocks {}; -1 is the embeddings",
                                              layer, ranges(works)));
}

}  // namespace llmx::replay
