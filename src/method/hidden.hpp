#pragma once
// Hidden states: the residual stream after each block.

#include <llmx/explainer.hpp>
#include <map>

#include "method/replay.hpp"

namespace llmx::method {

class Hidden {
public:
    /// Throws Error{unsupported} where the graph does not name its residual stream.
    explicit Hidden(const Replay& replay);

    [[nodiscard]] std::vector<Need> needs() const;
    /// Takes from a piece of the tape what lies in it. Call for every piece.
    void read(const tape::Tape& tape, int first, int last);
    /// After all pieces.
    [[nodiscard]] std::vector<HiddenState> finish();

private:
    const Replay& replay_;
    std::map<int, std::vector<int>> sites_;  // block -> nodes that are the residual stream after it
    void read_rows(int block, int node, const View<const float>& value);

    std::map<int, HiddenState> states_;
    std::map<int, std::map<int, std::vector<float>>> rows_;  // block -> row -> values
};

}  // namespace llmx::method
