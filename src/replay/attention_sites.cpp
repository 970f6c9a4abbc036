#include "replay/attention_sites.hpp"

#include <algorithm>

#include "engine/model/blocks.hpp"

namespace llmx::replay {

namespace {

/// From the softmax back to the product of keys and queries: scaling, soft-capping and biases lie between.
int find_scores(const engine::Graph& graph, const engine::TensorInfo& softmax) {
    int id = softmax.sources[0];
    while (id >= 0 && graph.at(id).op != "MUL_MAT") {
        const auto& sources = graph.at(id).sources;
        id = sources.empty() ? -1 : sources[0];
    }
    return id;
}

/// What the keys come from: the root of a KV cache, of the encoder's result, or of an embedding.
int origin_of(const engine::Graph& graph, int keys, int encoded) {
    int id = graph.at(keys).root;
    while (id != encoded && graph.at(id).role == engine::TensorRole::node) {
        const engine::TensorInfo& node = graph.at(id);
        const std::size_t through = node.op == "MUL_MAT" ? 1 : 0;
        if (node.sources.size() <= through || node.sources[through] < 0) break;
        id = graph.at(node.sources[through]).root;
    }
    return id;
}

}  // namespace

std::vector<AttentionSite> find_attention(const engine::Graph& graph) {
    const bool has_source = graph.passes.size() > 1 && graph.passes.front().encodes;
    const int encoded = has_source ? graph.at(graph.passes.front().result).root : -1;
    std::vector<AttentionSite> sites;
    for (const int id : graph.nodes) {
        const engine::TensorInfo& node = graph.at(id);
        if (node.op != "SOFT_MAX" || !node.name.starts_with("kq_soft_max")) continue;
        const int scores = find_scores(graph, node);
        if (scores < 0) continue;
        AttentionSite site{AttentionKind::self, engine::block_of(node.name), node.order,
                           graph.at(scores).order};
        const int origin = origin_of(graph, graph.at(scores).sources[0], encoded);
        if (graph.at(origin).role == engine::TensorRole::state) site.memory = origin;
        if (has_source && graph.pass_of(node.order).encodes) site.kind = AttentionKind::encoder;
        if (has_source && !graph.pass_of(node.order).encodes && origin == encoded)
            site.kind = AttentionKind::cross;
        sites.push_back(site);
    }
    std::stable_sort(sites.begin(), sites.end(),
                     [](const auto& a, const auto& b) { return a.block < b.block; });
    return sites;
}

}  // namespace llmx::replay
