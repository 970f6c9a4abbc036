#pragma once
// What the golden files of decoders hold, computed by us: 18 tokens of a prompt, 6 targets.

#include <algorithm>
#include <llmx/llmx.hpp>
#include <vector>

#include "original/saliency.hpp"
#include "support/golden_file.hpp"
#include "support/pass_results.hpp"

namespace llmx::test {

/// The gradient of every target, [targets, tokens, embedding], recorded within `budget` bytes.
struct PerTarget {
    std::vector<float> gradients;
    std::vector<float> logits;
    std::size_t pieces = 0;
};

inline PerTarget per_target(const Model& model, const Tokens& ids, std::size_t budget, int threads,
                            MatmulPrecision precision = MatmulPrecision::float32) {
    engine::PassInput input{.ids = ids};
    for (int p = prompt_size - 1; p + 1 < static_cast<int>(ids.size()); ++p) input.outputs.push_back(p);
    const Tokens answer(ids.begin() + prompt_size, ids.end());
    PassResults all = per_term(model, input, objective::terms(Objective::generated, answer, {}), 0, budget,
                               threads, precision);
    return {std::move(all.gradients), std::move(all.results), all.pieces};
}

inline std::vector<float> rows_from(const std::vector<float>& matrix, std::size_t rows, std::size_t first,
                                    std::size_t count) {
    const std::size_t columns = matrix.size() / rows;
    return {matrix.begin() + static_cast<std::ptrdiff_t>(first * columns),
            matrix.begin() + static_cast<std::ptrdiff_t>((first + count) * columns)};
}

}  // namespace llmx::test
