#include "explain/value_norms.hpp"

#include <llmx/error.hpp>

#include "engine/pass/pass.hpp"
#include "method/attention/value_way.hpp"

namespace llmx {

namespace {

/// The graph of a pass of one token: blocks have the same nodes however long the text is.
engine::Graph graph_of(const Model& model) {
    const bool has_source = model.facts().kind == ModelKind::encoder_decoder;
    engine::PassInput input{.ids = {has_source ? engine::decoder_start_token(model) : 0}, .outputs = {0}};
    if (has_source) input.source = {0};
    engine::Session session(model, {.tokens = 1, .outputs = 1, .source = has_source ? 1 : 0});
    return session.plan(input);
}

}  // namespace

bool has_value_norms(const Model& model) {
    const engine::Graph graph = graph_of(model);
    const std::vector<replay::AttentionSite> sites = replay::find_attention(graph);
    try {
        for (const replay::AttentionSite& site : sites) (void)method::find_value_way(graph, site);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::unsupported) throw;
        return false;
    }
    return !sites.empty();
}

bool has_softmax_attention(const Model& model) { return !replay::find_attention(graph_of(model)).empty(); }

}  // namespace llmx
