// A text in another language.

#include "task/rewriting.hpp"

namespace llmx::task {

namespace {

constexpr Rewriting how{
    "translation", "Translate the following text into English. Write only the translation.", "Translation"};

}  // namespace

const Definition& translation() {
    static const Definition definition{
        .task = Task::translation,
        .name = "translation",
        .takes = {"source", "prefix"},
        .wants = "`source` or `prompt_ids`",
        .kinds = {ModelKind::encoder_decoder, ModelKind::decoder},
        .is_complete = [](const TaskInputs& inputs) { return inputs.source.has_value(); },
        .prefix = [](const Model& model) { return rewriting_prefix(model, how); },
        .prompt = [](const Model& model, const TaskInputs& inputs,
                     Request& request) { rewriting_prompt(model, inputs, how, request); }};
    return definition;
}

}  // namespace llmx::task
