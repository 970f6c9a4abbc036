#include "replay/pieces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <map>
#include <numeric>

#include "engine/pass/attention.hpp"

namespace llmx::replay {

namespace {

/// No cut inside an attention that is computed in one step: its matrix would cross.
void keep_attention_whole(const engine::Graph& graph, std::vector<RequiredValue>& needs) {
    std::map<int, int> last_of;  // first node -> last node
    for (const engine::JoinedAttention& joined : engine::find_long_attention(graph))
        last_of.emplace(graph.at(joined.product).order, joined.node.order);
    for (RequiredValue& need : needs) {
        const auto after = last_of.upper_bound(need.node);
        if (after != last_of.begin()) need.node = std::max(need.node, std::prev(after)->second);
    }
}

std::vector<Piece> by_budget(const engine::Graph& graph, std::vector<RequiredValue> needs,
                             std::size_t budget) {
    std::vector<Piece> pieces;
    std::stable_sort(needs.begin(), needs.end(),
                     [](const RequiredValue& a, const RequiredValue& b) { return a.node > b.node; });
    Piece piece{0, static_cast<int>(graph.nodes.size()), {}, {}, {}};
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < needs.size();) {
        // all needs of one node go into one piece
        std::vector<tape::ValueKey> added;
        std::size_t extra = 0;
        std::size_t all = 0;
        const int node = needs[i].node;
        for (; i < needs.size() && needs[i].node == node; ++i) {
            if (std::find(added.begin(), added.end(), needs[i].key) != added.end()) continue;
            added.push_back(needs[i].key);
            const std::size_t size = tape::bytes_of(graph, needs[i].key);
            all += size;
            if (!piece.keeps.contains(needs[i].key)) extra += size;
        }
        if (budget != 0 && all > budget) {
            throw Error(ErrorCode::input,
                        fmt::format("memory: node {} of the replay needs {} KiB; `memory_budget` is {} KiB",
                                    describe(graph.at(graph.nodes[static_cast<std::size_t>(node)])),
                                    all >> 10, budget >> 10));
        }
        if (budget != 0 && bytes + extra > budget) {
            piece.first = node + 1;
            pieces.push_back(std::move(piece));
            piece = {0, node + 1, {}, {}, {}};
            bytes = 0;
            extra = all;
        }
        piece.keeps.insert(added.begin(), added.end());
        bytes += extra;
    }
    pieces.push_back(std::move(piece));
    return pieces;
}

/// Walks from what a piece keeps back to the values that cross into it.
class Way {
public:
    Way(const engine::Graph& graph, const tape::Lineage& lineage, Piece& piece)
        : graph_(graph), piece_(piece) {
        piece.runs.assign(graph.nodes.size(), false);
        for (const tape::ValueKey& key : piece.keeps) reach(key);
        while (!open_.empty()) {
            const int node = open_.back();
            open_.pop_back();
            const engine::TensorInfo& info = graph.at(graph.nodes[static_cast<std::size_t>(node)]);
            for (const int source : info.sources) {
                if (source >= 0) reach(lineage.read_by(source, node));
            }
            // a node that writes into other memory leaves the rest of it as it was
            if (!info.is_root()) reach(lineage.read_by(info.id, node));
        }
    }

private:
    void reach(tape::ValueKey key) {
        if (key.version < 0) return;
        const engine::TensorInfo& root = graph_.at(key.root);
        if (key.version < piece_.first && root.type == "f32") {
            piece_.crossing.insert(key);
        } else if (!piece_.runs[static_cast<std::size_t>(key.version)]) {
            piece_.runs[static_cast<std::size_t>(key.version)] = true;
            open_.push_back(key.version);
        }
    }

    const engine::Graph& graph_;
    Piece& piece_;
    std::vector<int> open_;
};

}  // namespace

std::vector<Piece> cut(const engine::Graph& graph, const tape::Lineage& lineage,
                       std::vector<RequiredValue> needs, std::size_t budget, bool in_parts) {
    if (budget != 0) keep_attention_whole(graph, needs);
    std::vector<Piece> pieces = by_budget(graph, std::move(needs), budget);
    if (pieces.size() == 1 || !in_parts) return pieces;
    for (Piece& piece : pieces) Way(graph, lineage, piece);
    return pieces;
}

std::size_t bytes_of(const engine::Graph& graph, const tape::Keeps& keeps) {
    return std::accumulate(
        keeps.begin(), keeps.end(), std::size_t{0},
        [&](std::size_t sum, const tape::ValueKey& key) { return sum + tape::bytes_of(graph, key); });
}

}  // namespace llmx::replay
