#pragma once
// A task, as its file in tasks/ states it.

#include <llmx/task.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace llmx::task {

struct Definition {
    Task task{};
    std::string_view name;
    /// The texts of a prompt that it takes, by their keys; prompt_ids, label and answer go with every task.
    std::vector<std::string_view> takes;
    std::string_view wants;        ///< what must be given, for messages
    std::vector<ModelKind> kinds;  ///< of models that do it
    bool (*is_complete)(const TaskInputs& inputs) = nullptr;
    /// What stands before the text where the user says nothing.
    std::string (*prefix)(const Model& model) = nullptr;
    /// Fills in the request's prompt: `input_ids`, or `pair` for an encoder. The inputs are complete and
    /// give texts, not ids.
    void (*prompt)(const Model& model, const TaskInputs& inputs, Request& request) = nullptr;
};

#define LLMX_TASK(name, file) const Definition& name();
#include "task/tasks.def"
#undef LLMX_TASK

const std::vector<const Definition*>& definitions();
const Definition& definition(Task task);

}  // namespace llmx::task
