// The same chat; drafts of the answer come from a smaller model or from the text before, and the model
// verifies them. Only the way the answer is written differs; the number of accepted drafts is reported.

#include "task/chat.hpp"

namespace llmx::task {

const Definition& generative_text_chat_assistant() {
    static const Definition definition =
        chat(Task::generative_text_chat_assistant, "generative_text_chat_assistant");
    return definition;
}

}  // namespace llmx::task
