#include "method/hidden.hpp"

#include <llmx/error.hpp>

#include "method/gradient.hpp"

namespace llmx::method {

Hidden::Hidden(const Replay& replay) : replay_(replay) {
    for (const auto& [block, id] : find_sites(replay.graph()).residual) {
        sites_[block] = replay.graph().at(id).order;
    }
    if (sites_.empty()) {
        throw Error(ErrorCode::unsupported,
                    "hidden states: this architecture's graph does not name its residual stream (l_out)");
    }
}

std::vector<Need> Hidden::needs() const {
    std::vector<Need> needs;
    for (const auto& [block, node] : sites_) needs.push_back({node, replay_.lineage().written_by(node)});
    return needs;
}

void Hidden::read(const tape::Tape& tape, int first, int last) {
    for (const auto& [block, node] : sites_) {
        if (node < first || node >= last) continue;
        const View<const float> value = tape.written_by(node);
        HiddenState& state = states_[block];
        state.block = block;
        // the last block is computed for the tokens that predict something, the others for all
        const bool all = value.rows() == static_cast<std::int64_t>(replay_.ids().size());
        state.first_position = all ? 0 : replay_.outputs().front();
        state.values.shape = {value.rows(), value.columns()};
        for (std::int64_t r = 0; r < value.rows(); ++r) {
            state.values.values.insert(state.values.values.end(), value.row(r),
                                       value.row(r) + value.columns());
        }
    }
}

std::vector<HiddenState> Hidden::finish() {
    std::vector<HiddenState> all;
    for (auto& [block, state] : states_) all.push_back(std::move(state));
    return all;
}

}  // namespace llmx::method
