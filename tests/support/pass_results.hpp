#pragma once
// A replay with its gradients, for tests.

#include <llmx/llmx.hpp>
#include <memory>

#include "original/attention.hpp"
#include "replay/gradient.hpp"

namespace llmx::test {

struct PassResults {
    std::vector<float> results;    ///< [outputs, width]
    std::vector<float> gradients;  ///< [terms, rows, embedding]
    std::size_t pieces = 0;
    std::size_t passes = 0;  ///< llama.cpp passes in the graph
};

/// The gradient of every term's log-probability at every row's embedding.
inline PassResults per_term(const Model& model, const engine::PassInput& input, const objective::Terms& terms,
                            int micro_batch = 0, std::size_t budget = 0, int threads = 2,
                            MatmulPrecision precision = MatmulPrecision::float32) {
    engine::Session session(model, {.tokens = static_cast<int>(input.ids.size()),
                                    .outputs = static_cast<int>(input.outputs.size()),
                                    .source = static_cast<int>(input.source.size()),
                                    .micro_batch = micro_batch});
    replay::Replay replay(session, input, std::make_shared<tape::Arena>());
    const replay::Gradient gradient(replay.graph(), false);
    replay.plan(gradient.needs(), budget);
    vjp::Weights weights(std::size_t{1} << 28, precision == MatmulPrecision::bfloat16);
    const auto one = static_cast<std::size_t>(model.facts().embedding) * replay.ids().size();
    PassResults result;
    result.gradients.assign(terms.size() * one, 0.0F);
    gradient.per_term(replay, terms, weights, threads,
                      [&](std::size_t t, const TensorView<const float>& g) {
                          std::copy_n(g.data, one,
                                      result.gradients.begin() + static_cast<std::ptrdiff_t>(t * one));
                      },
                      {});
    result.results = replay.results().values;
    result.pieces = replay.pieces();
    result.passes = replay.graph().passes.size();
    return result;
}

/// Attention of one kind, all rows and weights.
inline AttentionResult attention(const Model& model, const engine::PassInput& input,
                                 replay::AttentionKind kind, int prompt, int answer, int micro_batch = 0,
                                 std::size_t budget = 0, std::size_t* pieces = nullptr) {
    engine::Session session(model, {.tokens = static_cast<int>(input.ids.size()),
                                    .outputs = static_cast<int>(input.outputs.size()),
                                    .source = static_cast<int>(input.source.size()),
                                    .micro_batch = micro_batch});
    replay::Replay replay(session, input, std::make_shared<tape::Arena>());
    const bool fused = model.facts().architecture == "gpt2";
    original::Attention attention(
        replay, model.modules(), model.facts(),
        {.layer_names = fused ? std::vector<std::string>{"c_attn", "c_attn", "c_attn"}
                              : std::vector<std::string>{"attn_q", "attn_k", "attn_v"},
         .keep_weights = true,
         .all_rows = true,
         .kind = kind},
        prompt, answer);
    replay.plan(attention.needs(), budget,
                [&](const tape::Tape& tape, int first, int last) { attention.read(tape, first, last); });
    replay.visit();
    if (pieces != nullptr) *pieces = replay.pieces();
    return attention.finish();
}

}  // namespace llmx::test
