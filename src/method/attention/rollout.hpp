#pragma once
// Attention rollout (Abnar & Zuidema 2020): which rows of the input the rows of the top are made of, where
// each layer mixes rows. Of R_L = M_L … M_1 (definitions 2) some rows only: they are carried down through one
// layer after another, so that no product of whole matrices and no matrix but the present one is needed.

#include <llmx/tensor.hpp>
#include <span>
#include <vector>

namespace llmx::method {

/// Part of a layer: the rows [first, last) that it makes anew. Other rows pass it unchanged.
struct Mix {
    int layer = 1;  ///< the lowest is 1
    int first = 0, last = 0;
};

class Rollout {
public:
    /// `mixes`: in order of the pass. `top`: [targets, rows], the weights to start from.
    Rollout(std::vector<Mix> mixes, const Tensor& top);

    /// Row `row` of a mix is made of the rows with these weights, [rows]. Mixes are taken in reverse order of
    /// the pass, the rows of one in any order; what is left out passes unchanged.
    void take(std::size_t mix, int row, std::span<const float> weights);
    /// [targets, rows], when all have been taken.
    [[nodiscard]] Tensor finish();

private:
    using Weights = std::vector<double>;  // [targets], or empty for zeros
    void settle(std::size_t first);
    [[nodiscard]] Weights& at(int layer, int row);
    [[nodiscard]] Weights& below(int layer, int row);

    std::vector<Mix> mixes_;
    std::size_t targets_, rows_;
    std::size_t settled_;  ///< mixes from here on are done
    std::vector<int>
        made_below_;  ///< [layer, row]: the highest layer below this one that makes the row, or 0
    std::vector<Weights> weights_;  ///< [layer, row]: of the row as that layer left it; layer 0: the input
};

/// (a + I) / its sum: one row of the attention with the residual stream beside it.
void add_residual(std::span<float> weights, int row);

}  // namespace llmx::method
