#include "request/automatic_methods.hpp"

#include "explain/value_norms.hpp"

namespace llmx::request {

namespace {

bool sets_attention(const Request& request) {
    const Request usual;
    return request.keep_attention || request.all_attention_rows || request.is_input || request.strict ||
           !request.positions.empty() || request.input_shape != 0 || request.layer_names != usual.layer_names;
}

bool sets_gradient(const ExplainRequest& asked, const Request& request) {
    return asked.raw || !request.labels.empty() || !request.embedding_name.empty() ||
           request.objective != Objective::automatic;
}

/// The sum of the answer's log-probabilities, which `gradient` explains too.
bool is_whole_answer(const TargetChoice& target) {
    return !target.each && !target.span && target.span_text.empty() && target.alternatives == 0 &&
           target.contrast.empty() && target.measure == Measure::logprob;
}

}  // namespace

bool is_automatic(const std::vector<Method>& methods) {
    return methods.size() == 1 && methods.front().name == automatic;
}

std::vector<Method> automatic_methods(const Model& model, const ExplainRequest& asked,
                                      const Request& request) {
    std::vector<Method> methods;
    if (request.target.contrast.empty() && has_value_norms(model)) methods.emplace_back("value_norm");
    const bool has_gradient = sets_gradient(asked, request);
    if (!has_gradient || !is_whole_answer(request.target)) methods.emplace_back("saliency");
    if (has_gradient) methods.emplace_back("gradient");
    if (sets_attention(request)) methods.emplace_back("attention");
    return methods;
}

}  // namespace llmx::request
