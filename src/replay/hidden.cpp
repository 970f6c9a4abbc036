#include "replay/hidden.hpp"

#include <algorithm>
#include <llmx/error.hpp>

#include "engine/model/blocks.hpp"
#include "replay/gradient.hpp"

namespace llmx::replay {

std::map<int, std::vector<int>> residual_stream(const engine::Graph& graph) {
    std::map<int, std::vector<int>> residual = find_sites(graph).residual;
    for (const engine::SubPass& pass : graph.passes) {
        int next = 0;  // the block after those that are named
        int renamed = -1;
        for (int order = pass.first_node; order < pass.last_node; ++order) {
            const engine::TensorInfo& node = graph.at(graph.nodes[static_cast<std::size_t>(order)]);
            if (node.name.starts_with("l_out-")) next = std::max(next, engine::block_of(node.name) + 1);
            if (node.name == "result_embd" && node.op == "ADD") renamed = node.id;
        }
        if (renamed >= 0) residual[next].push_back(renamed);
    }
    return residual;
}

Hidden::Hidden(const Replay& replay, std::pair<int, int> rows)
    : replay_(replay), wanted_(rows), sites_(residual_stream(replay.graph())) {
    if (sites_.empty()) {
        throw Error(ErrorCode::unsupported,
                    "hidden states: this architecture's graph does not name its residual stream (l_out)");
    }
}

std::vector<RequiredValue> Hidden::needs() const {
    std::vector<RequiredValue> needs;
    for (const auto& [block, nodes] : sites_) {
        for (const int id : nodes) {
            const int node = replay_.graph().at(id).order;
            needs.push_back({node, replay_.lineage().written_by(node)});
        }
    }
    return needs;
}

void Hidden::read(const tape::Tape& tape, int first, int last) {
    for (const auto& [block, nodes] : sites_) {
        for (const int id : nodes) {
            const int node = replay_.graph().at(id).order;
            if (node >= first && node < last) read_rows(block, node, tape.written_by(node));
        }
    }
}

/// The last block is computed for the tokens that predict something, the others for all.
void Hidden::read_rows(int block, int node, const TensorView<const float>& value) {
    HiddenState& state = states_[block];
    state.block = block;
    auto& rows = rows_[block];
    const std::vector<int> added = replay_.graph().pass_of(node).rows_of(value.rows());
    for (std::size_t r = 0; r < added.size(); ++r) {
        if (added[r] < wanted_.first || added[r] >= wanted_.second) continue;
        const float* from = value.row(static_cast<std::int64_t>(r));
        rows[added[r]].assign(from, from + value.columns());
    }
}

std::vector<HiddenState> Hidden::finish() {
    std::vector<HiddenState> all;
    for (auto& [block, state] : states_) {
        const auto& rows = rows_[block];
        if (rows.empty()) continue;
        state.first_position = rows.begin()->first;
        for (const auto& [row, values] : rows) {
            state.values.values.insert(state.values.values.end(), values.begin(), values.end());
            state.values.shape = {static_cast<std::int64_t>(rows.size()),
                                  static_cast<std::int64_t>(values.size())};
        }
        all.push_back(std::move(state));
    }
    return all;
}

}  // namespace llmx::replay
