// Attention as the model used it (definitions 2): the softmax weights of the targets' rows.

#include "method/attention/attention_mean.hpp"

namespace llmx::method {

namespace {

Scores run(AttributionContext& scene, const Options& options) {
    AttentionLayers look(scene, "attention_weights");
    return attention_mean(look, options);
}

}  // namespace

const Definition& attention_weights() {
    static const Definition definition{
        .name = "attention_weights",
        .help = "softmax weights as the model used them: mean over heads, then over blocks",
        .source = "docs/definitions.md, section 2",
        .is_signed = false,
        .options = attention_mean_options(),
        .evaluations = [](const Extent&, const Options&) { return 1.0; },
        .reads = AttentionLayers::needs,
        .look = run,
        .one_text = true,
        .any_measure = true};
    return definition;
}

}  // namespace llmx::method
