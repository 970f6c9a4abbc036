#include "task/rewriting.hpp"

#include "task/prompting.hpp"

namespace llmx::task {

void rewriting_prompt(const Model& model, const TaskInputs& inputs, const Rewriting& how, Request& request) {
    if (model.facts().kind == ModelKind::encoder_decoder) {
        request.input_ids = source_tokens(model, *inputs.prefix + *inputs.source);
    } else {
        request.input_ids = instruct(model, *inputs.prefix + "\n\n" + *inputs.source, std::string(how.cue));
    }
}

std::string rewriting_prefix(const Model& model, const Rewriting& how) {
    if (model.facts().kind != ModelKind::encoder_decoder) return std::string(how.instruction);
    // "translation_en_to_de": a checkpoint knows a prefix for each pair of languages; the first is taken.
    for (const auto& [name, prefix] : model.facts().prefixes) {
        if (name.starts_with(how.name)) return prefix;
    }
    return {};
}

}  // namespace llmx::task
