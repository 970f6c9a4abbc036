#pragma once
// The passes of value zeroing (Mohebbi et al. 2023): one token's value is zero in every head of a block, and
// what becomes of the block's output is compared with what it was.

#include "method/attention/layers.hpp"

namespace llmx::method {

/// A block of one sub-pass: its attention, and the residual stream that it leaves.
struct ZeroingBlock {
    Mix mix;              ///< the layer counts blocks: an encoder's, then the text's
    bool of_text = true;  ///< else an encoder-decoder's encoder's
    int block = 0;
    std::vector<std::size_t> parts;  ///< of AttentionLayers::parts()
    int output = -1;                 ///< node l_out
};

class Zeroing {
public:
    /// Throws Error{unsupported} where a block's output is not named, or where more of it than that output
    /// goes on to other blocks.
    explicit Zeroing(AttentionLayers& attention);

    /// In order of the pass.
    [[nodiscard]] const std::vector<ZeroingBlock>& blocks() const { return blocks_; }

    /// For every block [rows of its mix, rows]: 1 - cos of each row's output with that row's output when
    /// column's value is zero; 0 in rows that the pass leaves out. `wanted`: of blocks(); the others' maps
    /// are empty. One pass for each row up to `last_row`. Throws Error{input} where the maps do not fit the
    /// memory budget.
    std::vector<Tensor> run(const std::vector<bool>& wanted, int last_row, double evaluations);

private:
    class Pass;
    void find_blocks();
    void require_one_way_out(const ZeroingBlock& block) const;
    void find_rows();

    AttentionLayers& look_;
    std::vector<ZeroingBlock> blocks_;
    std::vector<std::vector<int>> row_of_;    ///< of AttentionLayers::parts(): the row of each column
    std::vector<std::vector<float>> states_;  ///< of blocks(): the output as it is, [its rows, width]
};

}  // namespace llmx::method
