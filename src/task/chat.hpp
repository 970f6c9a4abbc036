#pragma once

#include "task/definition.hpp"

namespace llmx::task {

/// A decoder continues a chat or a prompt.
Definition chat(Task task, std::string_view name);

}  // namespace llmx::task
