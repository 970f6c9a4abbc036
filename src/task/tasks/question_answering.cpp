// A question about a text. An encoder with a question-answering head finds the answer in the context;
// other models write it: an encoder-decoder from T5's form of the question, a decoder from an instruction.

#include "task/definition.hpp"
#include "task/prompting.hpp"

namespace llmx::task {

namespace {

constexpr const char* instruction = "Answer the question in a few words, taken from the context.";

std::string prefix(const Model& model) { return model.facts().kind == ModelKind::decoder ? instruction : ""; }

void prompt(const Model& model, const TaskInputs& inputs, Request& request) {
    const std::string& question = *inputs.question;
    const std::string& context = *inputs.context;
    PartedText text;
    text.add(inputs.prefix.value_or(""), "instruction");
    switch (model.facts().kind) {
        case ModelKind::encoder:
            request.pair.question = question;
            request.pair.context = context;
            break;
        case ModelKind::encoder_decoder:
            text.add("question: ").add(question, "question").add("  context: ").add(context, "context");
            give_source(model, text, request);
            break;
        case ModelKind::decoder:
            text.add("\n\nContext: ").add(context, "context").add("\n\nQuestion: ").add(question, "question");
            instruct(model, text, "Answer", request);
    }
}

}  // namespace

const Definition& question_answering() {
    static const Definition definition{
        .task = Task::question_answering,
        .name = "question_answering",
        .takes = {"question", "context", "prefix", "token_type_ids", "must_answer", "label_span"},
        .wants = "`question` with `context`, or `prompt_ids`",
        .kinds = {ModelKind::encoder, ModelKind::encoder_decoder, ModelKind::decoder},
        .is_complete = [](const TaskInputs& inputs) { return inputs.question && inputs.context; },
        .prefix = prefix,
        .prompt = prompt};
    return definition;
}

}  // namespace llmx::task
