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
    const TaskInputs& texts = asked.texts;
    return texts.label || texts.label_ids || texts.label_span || asked.raw ||
           !request.embedding_name.empty() || request.objective != Objective::automatic;
}

}  // namespace

bool is_automatic(const std::vector<Method>& methods) {
    return methods.size() == 1 && methods.front().name == automatic;
}

std::vector<Method> automatic_methods(const Model& model, const ExplainRequest& asked,
                                      const Request& request) {
    std::vector<Method> methods;
    if (asked.how.why.asked) return methods;
    if (request.target.contrast.empty() && has_value_norms(model)) methods.emplace_back("value_norm");
    methods.emplace_back("saliency");
    if (sets_gradient(asked, request)) methods.emplace_back("gradient");
    if (sets_attention(request)) methods.emplace_back("attention");
    return methods;
}

}  // namespace llmx::request
