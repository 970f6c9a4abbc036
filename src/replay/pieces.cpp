#include "replay/pieces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <map>
#include <numeric>
#include <utility>

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

/// By node: the bytes of values that are written before it and read from it on.
std::vector<std::size_t> bytes_across(const engine::Graph& graph, const tape::Lineage& lineage) {
    std::map<tape::ValueKey, int> last_reader;
    for (const int id : graph.nodes) {
        const engine::TensorInfo& node = graph.at(id);
        for (const int source : node.sources) {
            if (source >= 0) last_reader[lineage.read_by(source, node.order)] = node.order;
        }
    }
    std::vector<std::size_t> across(graph.nodes.size() + 2, 0);
    for (const auto& [key, reader] : last_reader) {
        if (key.version < 0) continue;
        const std::size_t bytes =
            tape::bytes_of(graph, key);  // from the node behind its writer to its reader
        across[static_cast<std::size_t>(key.version) + 1] += bytes;
        across[static_cast<std::size_t>(reader) + 1] -= bytes;
    }
    std::partial_sum(across.begin(), across.end(), across.begin());
    return across;
}

/// The results of long attention: most of a pass's time, and little of what it keeps.
tape::Keeps results_of_attention(const engine::Graph& graph, const tape::Lineage& lineage) {
    tape::Keeps results;
    for (const engine::JoinedAttention& joined : engine::find_long_attention(graph)) {
        if (graph.at(graph.at(joined.node.id).root).type == "f32")
            results.insert(lineage.written_by(joined.node.order));
    }
    return results;
}

/// What one node needs.
struct Group {
    int node = 0;
    tape::Keeps keys;
};

/// By node, the last first.
std::vector<Group> by_node(std::vector<RequiredValue> needs) {
    std::stable_sort(needs.begin(), needs.end(),
                     [](const RequiredValue& a, const RequiredValue& b) { return a.node > b.node; });
    std::vector<Group> groups;
    for (const RequiredValue& need : needs) {
        if (groups.empty() || groups.back().node != need.node) groups.push_back({need.node, {}});
        groups.back().keys.insert(need.key);
    }
    return groups;
}

/// Cuts where the pieces are full, or a little later where less crosses.
class Cutter {
public:
    Cutter(const engine::Graph& graph, const tape::Lineage& lineage, std::vector<RequiredValue> needs,
           std::size_t budget)
        : graph_(graph),
          groups_(by_node(std::move(needs))),
          across_(bytes_across(graph, lineage)),
          budget_(budget) {
        for (const tape::ValueKey& key : results_of_attention(graph, lineage))
            attention_[key.version] = tape::bytes_of(graph, key);
    }

    std::vector<Piece> run() {
        std::vector<Piece> pieces;
        int last = static_cast<int>(graph_.nodes.size());
        for (std::size_t begin = 0; last > 0;) {
            Piece piece{0, last, {}, {}, {}};
            const auto [end, first] = next(begin);
            for (; begin < end; ++begin)
                piece.keeps.insert(groups_[begin].keys.begin(), groups_[begin].keys.end());
            piece.first = last = first;
            pieces.push_back(std::move(piece));
        }
        return pieces;
    }

private:
    /// The piece of groups from `begin` on: where it ends, and its first node.
    [[nodiscard]] std::pair<std::size_t, int> next(std::size_t begin) const {
        tape::Keeps keeps;
        std::size_t bytes = 0, best_bytes = 0;
        std::pair<std::size_t, int> best{groups_.size(), 0};
        for (std::size_t i = begin; i < groups_.size(); ++i) {
            std::size_t all = 0, more = 0;
            for (const tape::ValueKey& key : groups_[i].keys) {
                all += tape::bytes_of(graph_, key);
                if (!keeps.contains(key)) more += tape::bytes_of(graph_, key);
            }
            require_room(groups_[i].node, all);
            // cut before this group?
            const bool is_full = budget_ != 0 && bytes + more > budget_;
            if (i > begin && budget_ != 0 && (is_full || bytes >= budget_ / 2)) {
                const int first = cheapest(groups_[i].node + 1, groups_[i - 1].node);
                const std::size_t crossing = crossing_at(first, groups_[i].node);
                if (best.first == groups_.size() || crossing <= best_bytes) {
                    best = {i, first};
                    best_bytes = crossing;
                }
            }
            if (is_full) return best;
            keeps.insert(groups_[i].keys.begin(), groups_[i].keys.end());
            bytes += more;
        }
        return {groups_.size(), 0};
    }

    /// With the result of the last attention before, unless nothing is needed after it.
    [[nodiscard]] std::size_t crossing_at(int first, int needed) const {
        const auto after = attention_.lower_bound(first);
        const bool counts = after != attention_.begin() && std::prev(after)->first != needed;
        return across_[static_cast<std::size_t>(first)] + (counts ? std::prev(after)->second : 0);
    }

    /// Of nodes [first, last], the one before which least crosses.
    [[nodiscard]] int cheapest(int first, int last) const {
        return static_cast<int>(std::min_element(across_.begin() + first, across_.begin() + last + 1) -
                                across_.begin());
    }

    void require_room(int node, std::size_t bytes) const {
        if (budget_ == 0 || bytes <= budget_) return;
        throw Error(ErrorCode::input,
                    fmt::format("memory: node {} of the replay needs {} KiB; `memory_budget` is {} KiB",
                                describe(graph_.at(graph_.nodes[static_cast<std::size_t>(node)])),
                                bytes >> 10, budget_ >> 10));
    }

    const engine::Graph& graph_;
    std::vector<Group> groups_;
    std::vector<std::size_t> across_;
    std::map<int, std::size_t> attention_;  ///< last node -> bytes of its result
    std::size_t budget_;
};

/// Walks from what a piece keeps back to the values that cross into it.
class Way {
public:
    /// `costly`: values that cross into the piece even if its own nodes make them.
    Way(const engine::Graph& graph, const tape::Lineage& lineage, tape::Keeps costly, Piece& piece)
        : graph_(graph), costly_(std::move(costly)), piece_(piece) {
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
        if ((key.version < piece_.first && root.type == "f32") || costly_.contains(key)) {
            piece_.crossing.insert(key);
        } else if (!piece_.runs[static_cast<std::size_t>(key.version)]) {
            piece_.runs[static_cast<std::size_t>(key.version)] = true;
            open_.push_back(key.version);
        }
    }

    const engine::Graph& graph_;
    tape::Keeps costly_;
    Piece& piece_;
    std::vector<int> open_;
};

}  // namespace

std::vector<Piece> cut(const engine::Graph& graph, const tape::Lineage& lineage,
                       std::vector<RequiredValue> needs, std::size_t budget, bool in_parts) {
    if (budget != 0) keep_attention_whole(graph, needs);
    std::vector<Piece> pieces = Cutter(graph, lineage, std::move(needs), budget).run();
    if (pieces.size() == 1 || !in_parts) return pieces;
    const tape::Keeps costly = results_of_attention(graph, lineage);
    // the last piece is recorded by the first run, which computes everything
    const Way whole(graph, lineage, {}, pieces.front());
    for (std::size_t i = 1; i < pieces.size(); ++i) const Way way(graph, lineage, costly, pieces[i]);
    return pieces;
}

std::size_t bytes_of(const engine::Graph& graph, const tape::Keeps& keeps) {
    return std::accumulate(
        keeps.begin(), keeps.end(), std::size_t{0},
        [&](std::size_t sum, const tape::ValueKey& key) { return sum + tape::bytes_of(graph, key); });
}

}  // namespace llmx::replay
