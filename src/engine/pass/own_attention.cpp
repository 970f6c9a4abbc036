#include "engine/pass/own_attention.hpp"

#include <algorithm>

#include "engine/pass/pass.hpp"

namespace llmx::engine {

namespace {

bool contains(const std::vector<int>& ids, int id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

/// Nothing else runs between the product and the output, so that the output can still read keys and values.
bool is_uninterrupted(const Graph& graph, const JoinedAttention& joined) {
    for (int order = graph.at(joined.product).order + 1; order < joined.node.order; ++order) {
        const TensorInfo& node = graph.at(graph.nodes[static_cast<std::size_t>(order)]);
        if (!contains(joined.inner, node.id) && !is_window(node)) return false;
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

OwnAttention::OwnAttention(const Graph& graph, const Watcher& watcher) {
    for (JoinedAttention& joined : find_long_attention(graph)) {
        if (!is_uninterrupted(graph, joined) || !is_float32(graph, joined) || !has_dense_rows(graph, joined))
            continue;
        const bool is_seen = std::any_of(joined.inner.begin(), joined.inner.end(),
                                         [&](int node) { return watcher.wants(graph.at(node).order); });
        const int product = graph.at(joined.product).order;
        all_.push_back({std::move(joined), product, is_seen});
    }
    for (const Attention& attention : all_) {
        by_node_[attention.joined.node.order] = &attention;
        for (const int id : attention.joined.inner) by_node_[graph.at(id).order] = &attention;
    }
}

bool OwnAttention::before(int node, ggml_tensor* tensor) {
    const auto found = by_node_.find(node);
    if (found == by_node_.end()) return false;
    const Attention& attention = *found->second;
    if (node == attention.joined.node.order) {
        if (running_.is_changed) return false;
        skipped_.skip(tensor);
        return true;
    }
    if (node == attention.product) running_ = {&attention, tensor, nullptr, false};
    if (tensor->op == GGML_OP_SOFT_MAX) running_.soft_max = tensor;
    if (!attention.is_seen) skipped_.skip(tensor);
    return attention.is_seen && node == attention.product;
}

void OwnAttention::after(int node, ggml_tensor* tensor, int threads) {
    if (running_.attention == nullptr) return;
    const Attention& attention = *running_.attention;
    if (attention.is_seen && node == attention.product) keep_queries(tensor->src[1]);
    if (node != attention.joined.node.order) return;
    if (!running_.is_changed) attend(tensor, threads);
    running_ = {};
}

void OwnAttention::changed(int tensor) {
    if (running_.attention != nullptr && contains(running_.attention->joined.inner, tensor))
        running_.is_changed = true;
}

void OwnAttention::keep_queries(const ggml_tensor* queries) {
    const TensorView<const float> from = view(queries);
    queries_.resize(static_cast<std::size_t>(from.elements()));
    for (std::int64_t r = 0; r < from.rows(); ++r)
        std::copy_n(from.row(r), from.columns(), queries_.data() + r * from.columns());
}

void OwnAttention::attend(ggml_tensor* output, int threads) {
    skipped_.restore();
    const ggml_tensor* product = running_.product;
    const ggml_tensor* soft_max = running_.soft_max;
    TensorView<const float> queries = view(product->src[1]);
    if (running_.attention->is_seen) queries = dense_view<const float>(queries_.data(), queries.shape);
    const attention::Heads heads =
        heads_of(running_.attention->joined.node, {queries, view(product->src[0]), view(output->src[0]),
                                                   view(soft_max->src[1]), view(soft_max->src[2])});
    result_.resize(static_cast<std::size_t>(ggml_nelements(output)));
    attention::attend(heads, result_.data(), threads);
    std::copy(result_.begin(), result_.end(), static_cast<float*>(output->data));
}

}  // namespace llmx::engine
