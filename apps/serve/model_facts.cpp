#include "model_facts.hpp"

#include <llmx/explainer.hpp>

namespace llmx::serve {

nlohmann::ordered_json facts_json(const Model& model) {
    const ModelFacts& f = model.facts();
    return {{"name", f.name},
            {"architecture", f.architecture},
            {"kind", to_string(f.kind)},
            {"type", f.type},
            {"parameters", f.parameters},
            {"bytes", f.bytes},
            {"blocks", f.blocks},
            {"heads", f.heads},
            {"kv_heads", f.kv_heads},
            {"head_size", f.head_size},
            {"embedding", f.embedding},
            {"vocabulary", f.vocabulary},
            {"context", f.context},
            {"has_chat_template", f.has_chat_template}};
}

}  // namespace llmx::serve
