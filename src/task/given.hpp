#pragma once
// Which inputs of a task are given, by their keys.

#include <llmx/task.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/key_facts.hpp"

namespace llmx::task {

struct Given {
    std::string key;
    KeyFacts facts;
};

/// In the order of their rows (task/inputs.hpp).
std::vector<Given> given(const TaskInputs& inputs);

/// Throws Error{usage} for keys of which a request may give one only (KeyFacts::one_of).
void require_one_of_each(std::span<const Given> given);

}  // namespace llmx::task
