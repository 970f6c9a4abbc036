// A chat, or the continuation of a text.

#include "task/chat.hpp"

namespace llmx::task {

const Definition& generative_text_chat() {
    static const Definition definition = chat(Task::generative_text_chat, "generative_text_chat");
    return definition;
}

}  // namespace llmx::task
