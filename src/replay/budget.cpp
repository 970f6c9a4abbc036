#include "replay/budget.hpp"

#include <algorithm>
#include <map>

#include "engine/pass/attention.hpp"

namespace llmx::replay {

namespace {

/// Multiplications of the products with weights.
double work_of_products(const engine::Graph& graph) {
    double work = 0;
    for (const int id : graph.nodes) {
        const engine::TensorInfo& node = graph.at(id);
        if (node.op != "MUL_MAT" && node.op != "MUL_MAT_ID") continue;
        const engine::TensorInfo& weight = graph.at(node.sources.front());
        if (graph.at(weight.root).role != engine::TensorRole::weight) continue;
        work += static_cast<double>(node.elements()) * static_cast<double>(weight.shape[3]);
    }
    return work;
}

/// ... of long attention, all queries with half of the keys.
double work_of_attention(const engine::Graph& graph) {
    double work = 0;
    for (const engine::JoinedAttention& joined : engine::find_long_attention(graph)) {
        const engine::TensorInfo& queries = graph.at(joined.node.sources[0]);
        const engine::TensorInfo& keys = graph.at(joined.node.sources[1]);
        work += static_cast<double>(queries.elements()) * static_cast<double>(keys.shape[2]);
    }
    return work;
}

/// Of what a node reads and writes, but for weights and inputs.
std::int64_t elements_at(const engine::Graph& graph, const engine::TensorInfo& node) {
    std::int64_t elements = graph.at(node.root).elements();
    for (const int source : node.sources) {
        if (source < 0) continue;
        const engine::TensorInfo& root = graph.at(graph.at(source).root);
        if (root.role != engine::TensorRole::weight && root.role != engine::TensorRole::input)
            elements += root.elements();
    }
    return elements;
}

}  // namespace

std::size_t largest_need(const engine::Graph& graph) {
    std::map<int, const engine::TensorInfo*> nodes;  // by order
    for (const int id : graph.nodes) nodes[graph.at(id).order] = &graph.at(id);
    const std::vector<engine::JoinedAttention> attention = engine::find_long_attention(graph);
    for (const engine::JoinedAttention& joined : attention) {
        for (const int id : joined.inner) nodes.erase(graph.at(id).order);
        nodes[joined.node.order] = &joined.node;
    }
    std::int64_t most = 0;
    for (const auto& [order, node] : nodes) most = std::max(most, elements_at(graph, *node));
    return static_cast<std::size_t>(most) * sizeof(float);
}

std::size_t automatic_budget(const engine::Graph& graph, std::uint64_t weights) {
    constexpr std::size_t small = std::size_t{256} << 20U, large = std::size_t{1} << 30U;
    // a multiplication of attention takes about twice as long as one of a product
    const bool mostly_attention = 2 * work_of_attention(graph) > work_of_products(graph);
    if (!mostly_attention)
        return std::max({large, static_cast<std::size_t>(weights / 5 * 3), largest_need(graph)});
    return std::max(small, largest_need(graph) * 9 / 4);  // a block or two
}

}  // namespace llmx::replay
