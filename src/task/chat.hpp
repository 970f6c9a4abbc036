#pragma once

#include "task/definition.hpp"

namespace llmx::task {

/// A decoder continues a chat or a prompt.
Definition chat(Task task, std::string_view name);

/// Is the last message the assistant's?
bool ends_with_answer(const TaskInputs& inputs);

/// Makes an assistant's last message the answer, unless the model goes on with it: then, and with an answer,
/// it is the answer's beginning and part of the prompt. Throws Error{usage} if there is none to go on with.
void take_answer(TaskInputs& inputs);

}  // namespace llmx::task
