#pragma once
// The tasks: from the texts that a user has to the Request that is explained.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <llmx/request.hpp>

namespace llmx {

/// What a user gives. Each task takes some of it (src/task/tasks/) and refuses the rest by name.
struct TaskInputs {
    std::optional<Task> task = {};  ///< left open: what the inputs and the model's kind tell

    std::vector<Message> messages = {};        ///< a chat
    std::optional<std::string> prompt = {};    ///< a whole prompt, without template
    std::optional<std::string> question = {};  ///< with `context`
    std::optional<std::string> context = {};
    std::optional<std::string> source = {};  ///< the text to translate or summarise
    /// What stands before the source, or the instruction to a model that follows instructions; left open:
    /// the task's own for this model.
    std::optional<std::string> prefix = {};
    std::optional<Tokens> prompt_ids = {};                ///< in place of all these
    std::optional<std::vector<int>> token_type_ids = {};  ///< of `prompt_ids` that are a question's pair

    std::optional<std::string> label = {};  ///< the ground truth
    std::optional<Tokens> label_ids = {};
    std::optional<std::pair<int, int>> label_span = {};  ///< characters of `context`, the last one excluded
    std::optional<std::string> answer = {};              ///< an answer from elsewhere
    std::optional<Tokens> answer_ids = {};

    bool assisted = false;  ///< a draft of the answer is to be verified; of a given answer that is done
};

/// What can be said without a model: throws Error{usage} for inputs that go with no task, that exclude
/// each other, or that are too few.
void require_inputs(const TaskInputs& inputs);

/// Fills in `task` and `prefix`. Throws Error{usage} where the task cannot be told, Error{unsupported}
/// where this kind of model cannot do it.
TaskInputs completed(const Model& model, TaskInputs inputs);

/// The request for these inputs: task, prompt (source, or question and context), labels, and the answer if
/// it was given. Else write one: `request.output = model.generate(request.input_ids)`; an encoder finds
/// its answer itself.
Request prepare(const Model& model, const TaskInputs& inputs);

}  // namespace llmx
