#pragma once
// What the golden files of decoders hold, computed by us: 18 tokens of a prompt, 6 targets.

#include <algorithm>
#include <llmx/llmx.hpp>
#include <vector>

#include "method/saliency.hpp"

namespace llmx::test {

constexpr int prompt = 18;

/// The gradient of every target, [targets, tokens, embedding], recorded within `budget` bytes.
struct PerTarget {
    std::vector<float> gradients;
    std::vector<float> logits;
    std::size_t pieces = 0;
};

inline PerTarget per_target(const Model& model, const Tokens& ids, std::size_t budget, int threads,
                            Products products = Products::float32) {
    const int targets = static_cast<int>(ids.size()) - prompt;
    engine::Session session(model, static_cast<int>(ids.size()), static_cast<int>(ids.size()));
    std::vector<int> outputs;
    for (int t = 0; t < targets; ++t) outputs.push_back(prompt - 1 + t);
    method::Replay replay(session, ids, outputs, std::make_shared<tape::Arena>());
    const method::Gradient gradient(replay.graph(), false);
    replay.plan(gradient.needs(), budget);
    vjp::Weights weights(std::size_t{1} << 28, products == Products::bfloat16);
    const Tokens answer(ids.begin() + prompt, ids.end());
    PerTarget result;
    const auto one = static_cast<std::size_t>(model.facts().embedding) * ids.size();
    result.gradients.assign(targets * one, 0.0F);
    gradient.per_term(replay, objective::terms(Objective::generated, answer, {}), weights, threads,
                      [&](std::size_t t, const View<const float>& g) {
                          std::copy_n(g.data, one,
                                      result.gradients.begin() + static_cast<std::ptrdiff_t>(t * one));
                      },
                      {});
    for (int t = 0; t < targets; ++t) {
        const auto row = replay.logits(t);
        result.logits.insert(result.logits.end(), row.begin(), row.end());
    }
    result.pieces = replay.pieces();
    return result;
}

inline std::vector<float> rows_from(const std::vector<float>& matrix, std::size_t rows, std::size_t first,
                                    std::size_t count) {
    const std::size_t columns = matrix.size() / rows;
    return {matrix.begin() + static_cast<std::ptrdiff_t>(first * columns),
            matrix.begin() + static_cast<std::ptrdiff_t>((first + count) * columns)};
}

}  // namespace llmx::test
