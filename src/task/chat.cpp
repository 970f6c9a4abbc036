#include "task/chat.hpp"

#include "task/parts.hpp"

namespace llmx::task {

namespace {

void chat_prompt(const Model& model, const TaskInputs& inputs, Request& request) {
    if (inputs.prompt) {
        request.input_ids = model.tokenize_prompt(*inputs.prompt);
        return;
    }
    std::vector<PartedMessage> messages;
    messages.reserve(inputs.messages.size());
    for (const Message& message : inputs.messages)
        messages.push_back({message.role, PartedText{}.add(message.content, message.role)});
    set_prompt(model, rendered(model, messages), true, request);
}

}  // namespace

Definition chat(Task task, std::string_view name) {
    return {
        .task = task,
        .name = name,
        .takes = {"user", "system", "messages", "prompt"},
        .wants = "one of `user`, `messages`, `prompt`, `prompt_ids`",
        .kinds = {ModelKind::decoder},
        .is_complete =
            [](const TaskInputs& inputs) { return inputs.prompt || inputs.user || !inputs.messages.empty(); },
        .prefix = nullptr,
        .prompt = chat_prompt};
}

}  // namespace llmx::task
