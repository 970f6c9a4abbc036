#include "engine/pass/own_attention.hpp"

#include <algorithm>

#include "engine/pass/pass.hpp"

namespace llmx::engine {

namespace {

bool is_window(const TensorInfo& node) {
    return node.op == "VIEW" || node.op == "RESHAPE" || node.op == "PERMUTE" || node.op == "TRANSPOSE";
}

/// Nothing else runs between the product and the output, so that what the product reads is still there at the
/// end.
bool is_uninterrupted(const Graph& graph, const JoinedAttention& joined) {
    const int first = graph.at(joined.nodes.back()).order;
    for (int order = first + 1; order < joined.node.order; ++order) {
        const TensorInfo& node = graph.at(graph.nodes[static_cast<std::size_t>(order)]);
        const bool is_part =
            std::find(joined.nodes.begin(), joined.nodes.end(), node.id) != joined.nodes.end();
        if (!is_part && !is_window(node)) return false;
    }
    return true;
}

bool is_float32(const Graph& graph, const JoinedAttention& joined) {
    return std::all_of(joined.node.sources.begin(), joined.node.sources.end(),
                       [&](int id) { return id < 0 || graph.at(id).type == "f32"; });
}

bool has_dense_rows(const Graph& graph, const JoinedAttention& joined) {
    return std::all_of(joined.node.sources.begin(), joined.node.sources.end(),
                       [&](int id) { return id < 0 || graph.at(id).strides[3] == 1; });
}

TensorView<const float> view(const ggml_tensor* tensor) {
    if (tensor == nullptr) return {};
    TensorView<const float> values{static_cast<const float*>(tensor->data), {}, {}};
    for (std::size_t d = 0; d < 4; ++d) {
        values.shape[3 - d] = tensor->ne[d];
        values.strides[3 - d] = static_cast<std::int64_t>(tensor->nb[d] / sizeof(float));
    }
    return values;
}

}  // namespace

void SkippedNodes::skip(ggml_tensor* node) {
    nodes_.emplace_back(node, node->op);
    node->op = GGML_OP_NONE;
}

void SkippedNodes::restore() {
    for (const auto& [node, op] : nodes_) node->op = op;
    nodes_.clear();
}

OwnAttention::OwnAttention(const Graph& graph, const Watcher& watcher) {
    for (JoinedAttention& joined : find_long_attention(graph)) {
        const bool is_seen = std::any_of(joined.nodes.begin(), joined.nodes.end(),
                                         [&](int node) { return watcher.wants(graph.at(node).order); });
        if (!is_seen && is_uninterrupted(graph, joined) && is_float32(graph, joined) &&
            has_dense_rows(graph, joined))
            all_.push_back(std::move(joined));
    }
    for (const JoinedAttention& joined : all_) {
        by_node_[joined.node.order] = &joined;
        for (const int id : joined.nodes) by_node_[graph.at(id).order] = &joined;
    }
}

bool OwnAttention::before(int node, ggml_tensor* tensor) {
    const auto found = by_node_.find(node);
    if (found == by_node_.end()) return false;
    if (running_.joined != found->second) running_ = {found->second, tensor, nullptr};
    if (tensor->op == GGML_OP_SOFT_MAX) running_.soft_max = tensor;
    skipped_.skip(tensor);
    return node == found->second->node.order;
}

void OwnAttention::after(int node, ggml_tensor* tensor, int threads) {
    if (running_.joined == nullptr || running_.joined->node.order != node) return;
    skipped_.restore();
    const ggml_tensor* soft_max = running_.soft_max;
    const attention::Heads heads = heads_of(
        running_.joined->node, {view(running_.product->src[1]), view(running_.product->src[0]),
                                view(tensor->src[0]), view(soft_max->src[1]), view(soft_max->src[2])});
    result_.resize(static_cast<std::size_t>(ggml_nelements(tensor)));
    attention::attend(heads, result_.data(), threads);
    std::copy(result_.begin(), result_.end(), static_cast<float*>(tensor->data));
    running_ = {};
}

}  // namespace llmx::engine
