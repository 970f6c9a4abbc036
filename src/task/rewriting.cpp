#include "task/rewriting.hpp"

#include "task/prompting.hpp"

namespace llmx::task {

void rewriting_prompt(const Model& model, const TaskInputs& inputs, const Rewriting& how, Request& request) {
    PartedText text;
    text.add(*inputs.prefix, "instruction");
    if (model.facts().kind == ModelKind::encoder_decoder) {
        give_source(model, text.add(*inputs.source, "source"), request);
    } else {
        instruct(model, text.add("\n\n").add(*inputs.source, "source"), how.cue, request);
    }
}

std::string rewriting_prefix(const Model& model, const Rewriting& how) {
    if (model.facts().kind != ModelKind::encoder_decoder) return std::string(how.instruction);
    // "translation_en_to_de": a checkpoint has a prefix for each pair of languages; the first is used.
    for (const auto& [name, prefix] : model.facts().prefixes) {
        if (name.starts_with(how.name)) return prefix;
    }
    return {};
}

}  // namespace llmx::task
