#pragma once
// Hidden states: the residual stream after each block.

#include <limits>
#include <llmx/result.hpp>
#include <map>
#include <utility>

#include "replay/replay.hpp"

namespace llmx::replay {

/// The nodes that are the residual stream after each block, one of every sub-pass that has the block: those
/// that the graph names so, and the sum that BERT's and T5's graphs name as their result.
std::map<int, std::vector<int>> residual_stream(const engine::Graph& graph);

class Hidden {
public:
    /// Of rows [first, last) of the replay. Throws Error{unsupported} where the graph does not name its
    /// residual stream.
    explicit Hidden(const Replay& replay, std::pair<int, int> rows = {0, std::numeric_limits<int>::max()});

    [[nodiscard]] std::vector<RequiredValue> needs() const;
    /// Takes from a piece of the tape what lies in it. Call for every piece.
    void read(const tape::Tape& tape, int first, int last);
    /// After all pieces.
    [[nodiscard]] std::vector<HiddenState> finish();

private:
    const Replay& replay_;
    std::pair<int, int> wanted_;
    std::map<int, std::vector<int>> sites_;  // block -> nodes that are the residual stream after it
    void read_rows(int block, int node, const TensorView<const float>& value);

    std::map<int, HiddenState> states_;
    std::map<int, std::map<int, std::vector<float>>> rows_;  // block -> row -> values
};

}  // namespace llmx::replay
