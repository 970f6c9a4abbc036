// The gist of a text.

#include "task/rewriting.hpp"

namespace llmx::task {

namespace {

constexpr Rewriting how{
    "summarization", "Summarize the following text in a few sentences. Write only the summary.", "Summary"};

}  // namespace

const Definition& summarization() {
    static const Definition definition{
        .task = Task::summarization,
        .name = "summarization",
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
