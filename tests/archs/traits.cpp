#include "traits.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

namespace llmx::test {

namespace {

bool is_attention(const engine::TensorInfo& node) {
    return node.op == "SOFT_MAX" && node.sources.size() > 1 && node.sources[1] >= 0;
}
bool has_sinks(const engine::TensorInfo& node) { return node.sources.size() > 2 && node.sources[2] >= 0; }

void check_rows(const engine::TensorInfo& node, const TensorView<const float>& weights,
                AttentionCheck& check) {
    const bool sinks = has_sinks(node);
    check.sinks = check.sinks || sinks;
    bool all_earlier = false;
    for (std::int64_t r = 0; r < weights.rows(); ++r) {
        const float* row = weights.row(r);
        const std::int64_t query = r % weights.shape[2];
        double sum = 0;
        std::int64_t seen = 0;
        for (std::int64_t k = 0; k < weights.columns(); ++k) {
            sum += static_cast<double>(row[k]);
            if (row[k] == 0.0F) continue;
            if (k <= query) ++seen;
            // keys of a compressed past do not stand at their tokens' places
            if (k > query && weights.columns() == weights.shape[2]) check.looks_ahead = true;
        }
        check.worst_row = std::max(check.worst_row, sinks ? sum - 1 : std::abs(sum - 1));
        if (query == weights.shape[2] - 1 && seen == query + 1) all_earlier = true;
    }
    check.windowed = check.windowed || !all_earlier;
}

bool is_soft_capped(const engine::Graph& graph, const engine::TensorInfo& softmax) {
    for (int id = softmax.sources[0]; id >= 0;) {
        const engine::TensorInfo& node = graph.at(id);
        if (node.op == "MUL_MAT" || node.sources.empty()) return false;
        if (node.kind == "TANH") return true;
        id = node.sources[0];
    }
    return false;
}

struct Trait {
    const char* word;
    bool (*has)(const engine::Graph& graph, const engine::TensorInfo& node);
};

template <std::size_t n>
struct Name {
    char text[n];
    constexpr Name(const char (&s)[n]) { std::copy_n(s, n, text); }  // NOLINT: made from a literal
};
template <Name name>
bool is(const engine::Graph&, const engine::TensorInfo& node) {
    return node.op == name.text;
}

constexpr Trait known[] = {
    {"ALiBi",
     [](const engine::Graph&, const engine::TensorInfo& n) {
         return is_attention(n) && std::bit_cast<float>(n.params[1]) != 0.0F;
     }},
    {"soft-capping", [](const engine::Graph& g,
                        const engine::TensorInfo& n) { return is_attention(n) && is_soft_capped(g, n); }},
    {"M-RoPE", [](const engine::Graph&,
                  const engine::TensorInfo& n) { return n.op == "ROPE" && (n.params[2] & 8) != 0; }},
    {"sparse indexer", is<"LIGHTNING_INDEXER">},
    {"state space", is<"SSM_SCAN">},
    {"gated delta rule", is<"GATED_DELTA_NET">},
    {"gated linear attention", is<"GATED_LINEAR_ATTN">},
    {"RWKV 6", is<"RWKV_WKV6">},
    {"RWKV 7", is<"RWKV_WKV7">},
    {"short convolution", is<"SSM_CONV">},
    {"hyper-connections", is<"DSV4_HC_POST">},
    {"experts", is<"MUL_MAT_ID">},
};

}  // namespace

AttentionCheck check_attention(Probe& probe) {
    AttentionCheck check;
    std::vector<int> nodes;
    for (const int id : probe.graph().nodes) {
        const engine::TensorInfo& node = probe.graph().at(id);
        if (is_attention(node)) nodes.push_back(node.order);
    }
    check.softmaxes = static_cast<int>(nodes.size());
    const tape::Tape tape = probe.record(nodes);
    for (const int order : nodes) {
        check_rows(probe.graph().at(probe.graph().nodes[static_cast<std::size_t>(order)]),
                   tape.written_by(order), check);
    }
    return check;
}

std::vector<std::string> traits(const engine::Graph& graph, const AttentionCheck& attention) {
    std::vector<std::string> words;
    if (attention.softmaxes > 0) words.emplace_back("softmax");
    if (attention.looks_ahead) words.emplace_back("both directions");
    if (attention.windowed) words.emplace_back("sliding window");
    if (attention.sinks) words.emplace_back("sinks");
    for (const Trait& trait : known) {
        const bool has = std::any_of(graph.nodes.begin(), graph.nodes.end(),
                                     [&](int id) { return trait.has(graph, graph.at(id)); });
        if (has) words.emplace_back(trait.word);
    }
    return words;
}

}  // namespace llmx::test
