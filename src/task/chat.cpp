#include "task/chat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "engine/text/spelling.hpp"
#include "task/parts.hpp"

namespace llmx::task {

namespace {

void raw_prompt(const Model& model, const std::string& text, Request& request) {
    request.input_ids = model.tokenize_prompt(text);
    if (text.ends_with(' '))
        request.warnings.emplace_back(
            "`prompt`: it ends with a space; most tokenizers join a space to the word after it, so that the "
            "model goes on from an unusual place");
}

/// Puts the beginning of the answer behind the prompt.
void begin_answer(const Model& model, const Message& message, Request& request) {
    std::size_t spelled = 0;
    for (const Token id : request.input_ids) spelled += model.token_bytes(id).size();
    const std::size_t first = spelled;
    for (const Token id : engine::continuation(model, message.content)) {
        spelled += model.token_bytes(id).size();
        request.input_ids.push_back(id);
    }
    if (!request.units.parts.empty()) request.units.parts.push_back({first, spelled, message.role});
}

std::size_t last_of_user(const std::vector<Message>& messages) {
    const auto last = std::find_if(messages.rbegin(), messages.rend(),
                                   [](const Message& message) { return message.role == "user"; });
    return static_cast<std::size_t>(messages.rend() - last) - 1;
}

/// What stands before the message that is about them.
PartedText with_titles(const std::vector<Document>& documents) {
    PartedText text;
    for (std::size_t i = 0; i < documents.size(); ++i) {
        const Document& document = documents[i];
        text.add(document.title.empty() ? fmt::format("[Document {}]\n", i + 1)
                                        : fmt::format("[Document {}: {}]\n", i + 1, document.title));
        text.add(document.text, "document", document.title).add("\n\n");
    }
    return text;
}

void chat_prompt(const Model& model, const TaskInputs& inputs, Request& request) {
    if (inputs.prompt && !inputs.documents.empty())
        throw Error(ErrorCode::usage,
                    "`documents`: they go with `user` or `messages`; `prompt` is whole as it is");
    if (inputs.prompt) return raw_prompt(model, *inputs.prompt, request);
    if (!inputs.documents.empty() && last_of_user(inputs.messages) >= inputs.messages.size())
        throw Error(ErrorCode::usage, "`documents`: no message of a user is about them; expected one");
    std::vector<PartedMessage> messages;
    messages.reserve(inputs.messages.size());
    const std::size_t asking = last_of_user(inputs.messages);
    for (std::size_t i = 0; i < inputs.messages.size(); ++i) {
        const Message& message = inputs.messages[i];
        PartedText text = i == asking ? with_titles(inputs.documents) : PartedText{};
        messages.push_back({message.role, std::move(text.add(message.content, message.role))});
    }
    const bool begun = ends_with_answer(inputs);
    if (begun) messages.pop_back();
    set_prompt(model, rendered(model, messages), true, request);
    if (begun) begin_answer(model, inputs.messages.back(), request);
}

}  // namespace

bool ends_with_answer(const TaskInputs& inputs) {
    return !inputs.messages.empty() && inputs.messages.back().role == "assistant";
}

void take_answer(TaskInputs& inputs) {
    if (!ends_with_answer(inputs)) {
        if (!inputs.continue_final_message) return;
        throw Error(
            ErrorCode::usage,
            "`continue_final_message`: the last of the `messages` is not the assistant's; expected one "
            "with the role assistant, or `continue_final_message` false");
    }
    if (inputs.messages.size() == 1) {
        throw Error(
            ErrorCode::usage,
            "`messages`: one of the assistant alone; expected what it answers, a message with the role "
            "user, before it");
    }
    if (inputs.continue_final_message || inputs.answer || inputs.answer_ids) return;
    // A message without text is the place for an answer.
    if (!inputs.messages.back().content.empty()) inputs.answer = inputs.messages.back().content;
    inputs.messages.pop_back();
}

Definition chat(Task task, std::string_view name) {
    return {
        .task = task,
        .name = name,
        .takes = {"user", "system", "messages", "prompt", "documents", "continue_final_message"},
        .wants = "one of `user`, `messages`, `prompt`, `prompt_ids`",
        .kinds = {ModelKind::decoder},
        .is_complete =
            [](const TaskInputs& inputs) { return inputs.prompt || inputs.user || !inputs.messages.empty(); },
        .prefix = nullptr,
        .prompt = chat_prompt};
}

}  // namespace llmx::task
