#include "engine/pass/attention.hpp"

#include <bit>
#include <optional>

namespace llmx::engine {

namespace {

float param(const TensorInfo& node, std::size_t i) { return std::bit_cast<float>(node.params[i]); }

bool is_scale(const TensorInfo& node) { return node.op == "SCALE" && param(node, 1) == 0.0F; }

bool is_product(const TensorInfo& node) { return node.op == "MUL_MAT" && node.sources.size() >= 2; }

/// Walks from the softmax back to the product of keys and queries.
class Walk {
public:
    Walk(const Graph& graph, const std::vector<int>& readers) : graph_(graph), readers_(readers) {}

    /// Steps to a node that only the current one reads.
    bool step(int id) {
        if (id < 0 || readers_[static_cast<std::size_t>(id)] != 1) return false;
        const TensorInfo& node = graph_.at(id);
        if (node.role != TensorRole::node || !node.is_root()) return false;
        nodes.push_back(id);
        return true;
    }
    [[nodiscard]] const TensorInfo& here() const { return graph_.at(nodes.back()); }
    [[nodiscard]] bool back() { return step(here().sources.empty() ? -1 : here().sources[0]); }

    std::vector<int> nodes;

private:
    const Graph& graph_;
    const std::vector<int>& readers_;
};

/// What lies between softmax and product: nothing, or scale, tanh, scale.
struct Cap {
    float scale = 1.0F;
    float most = 0.0F;  ///< 0: none
};

std::optional<Cap> walk_to_product(Walk& walk) {
    if (!walk.back()) return std::nullopt;
    if (is_product(walk.here())) return Cap{};
    if (!is_scale(walk.here())) return std::nullopt;
    const float most = param(walk.here(), 0);
    if (!walk.back() || walk.here().op != "UNARY" || walk.here().kind != "TANH") return std::nullopt;
    if (!walk.back() || !is_scale(walk.here())) return std::nullopt;
    const float scale = param(walk.here(), 0);
    if (!walk.back() || !is_product(walk.here())) return std::nullopt;
    return Cap{scale, most};
}

TensorInfo joined(const TensorInfo& output, const TensorInfo& soft_max, const TensorInfo& product, Cap cap) {
    TensorInfo node = output;
    node.op = "FLASH_ATTN_EXT";
    node.kind = values_across;
    const auto source = [&](std::size_t i) { return i < soft_max.sources.size() ? soft_max.sources[i] : -1; };
    node.sources = {product.sources[1], product.sources[0], output.sources[0], source(1), source(2)};
    // after the cap comes the softmax's own scale; FLASH_ATTN_EXT's stands before its cap
    const float after = param(soft_max, 0);
    node.params = {};
    node.params[0] = std::bit_cast<std::int32_t>(cap.most == 0.0F ? after : cap.scale * cap.most * after);
    node.params[1] = soft_max.params[1];  // ALiBi's
    node.params[2] = std::bit_cast<std::int32_t>(cap.most * after);
    return node;
}

/// How many nodes read each tensor itself, by id.
std::vector<int> count_readers(const Graph& graph) {
    std::vector<int> readers(graph.tensors.size(), 0);
    for (const int id : graph.nodes) {
        for (const int source : graph.at(id).sources) {
            if (source >= 0) ++readers[static_cast<std::size_t>(source)];
        }
    }
    return readers;
}

/// The attention that ends in `output`.
std::optional<JoinedAttention> find_attention(const Graph& graph, const std::vector<int>& readers,
                                              const TensorInfo& output) {
    Walk walk(graph, readers);
    if (!walk.step(output.sources[1]) || walk.here().op != "SOFT_MAX") return std::nullopt;
    const TensorInfo& soft_max = walk.here();
    const std::optional<Cap> cap = walk_to_product(walk);
    if (!cap) return std::nullopt;
    const TensorInfo& product = walk.here();
    const TensorInfo& keys = graph.at(product.sources[0]);
    const TensorInfo& values = graph.at(output.sources[0]);
    if (keys.role == TensorRole::weight || values.role == TensorRole::weight) return std::nullopt;
    if (keys.shape[0] != values.shape[0] || keys.shape[1] != values.shape[1]) return std::nullopt;
    return JoinedAttention{joined(output, soft_max, product, *cap), product.id, soft_max.id,
                           std::move(walk.nodes)};
}

}  // namespace

std::vector<JoinedAttention> find_long_attention(const Graph& graph) {
    std::vector<JoinedAttention> found;
    const std::vector<int> readers = count_readers(graph);
    for (const int id : graph.nodes) {
        const TensorInfo& node = graph.at(id);
        if (!is_product(node) || graph.at(node.sources[1]).shape[3] < attention::fewest_keys) continue;
        if (auto attention = find_attention(graph, readers, node)) found.push_back(std::move(*attention));
    }
    return found;
}

int reading_node(const Graph& graph, const TensorInfo& node, int i) {
    const TensorInfo& source = graph.at(node.sources[static_cast<std::size_t>(i)]);
    const bool is_late = node.kind == values_across && graph.at(source.root).role == TensorRole::state;
    return is_late ? static_cast<int>(graph.nodes.size()) : node.order;
}

attention::Heads heads_of(const TensorInfo& node, const std::array<TensorView<const float>, 5>& sources) {
    attention::Heads heads;
    heads.q = sources[0];
    heads.k = sources[1];
    heads.v = sources[2];
    heads.mask = sources[3];
    heads.sinks = sources[4];
    heads.across = node.kind == values_across;
    heads.scale = param(node, 0);
    heads.max_bias = param(node, 1);
    heads.cap = param(node, 2);
    return heads;
}

}  // namespace llmx::engine
