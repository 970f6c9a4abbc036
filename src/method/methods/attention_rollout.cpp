// Attention rollout (Abnar & Zuidema 2020; definitions 2): attention carried through all layers, with the
// residual stream beside it.

#include "method/attention/layers.hpp"
#include "method/definition.hpp"

namespace llmx::method {

namespace {

Scores run(AttributionContext& scene, const Options&) {
    AttentionLayers look(scene, "attention_rollout");
    Rollout rollout(look.mixes(), look.target_rows());
    look.visit([&](const tape::Tape& tape, std::size_t p) {
        const AttentionLayers::Part& part = look.parts()[p];
        Tensor mean = look.mean_of_heads(tape, part);
        for (int row = part.first; row < part.last; ++row) {
            const auto weights = mean.row(static_cast<std::size_t>(row - part.first));
            add_residual(weights, row);
            rollout.take(p, row, weights);
        }
    });
    return look.scores(rollout.finish());
}

}  // namespace

const Definition& attention_rollout() {
    static const Definition definition{
        .name = "attention_rollout",
        .help = "attention and residual stream multiplied through all layers",
        .source = "Abnar and Zuidema 2020: Quantifying attention flow in transformers",
        .is_signed = false,
        .evaluations = [](const Extent&, const Options&) { return 1.0; },
        .reads = AttentionLayers::needs,
        .look = run,
        .one_text = true,
        .any_measure = true};
    return definition;
}

}  // namespace llmx::method
