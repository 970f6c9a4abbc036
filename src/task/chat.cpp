#include "task/chat.hpp"

namespace llmx::task {

namespace {

void chat_prompt(const Model& model, const TaskInputs& inputs, Request& request) {
    request.input_ids =
        inputs.prompt ? model.tokenize_prompt(*inputs.prompt) : model.apply_chat_template(inputs.messages);
}

}  // namespace

Definition chat(Task task, std::string_view name) {
    return {.task = task,
            .name = name,
            .takes = {"--messages", "--prompt"},
            .wants = "one of --user, --messages, --prompt, --prompt-ids",
            .kinds = {ModelKind::decoder},
            .is_complete = [](const TaskInputs& inputs) { return inputs.prompt || !inputs.messages.empty(); },
            .prefix = nullptr,
            .prompt = chat_prompt};
}

}  // namespace llmx::task
