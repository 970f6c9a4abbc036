#pragma once
// Tasks: build a Request from texts.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <llmx/export.hpp>
#include <llmx/request.hpp>

namespace llmx {

/// A text that a question is about.
struct Document {
    std::string title = {};  ///< may be empty
    std::string text = {};
};

/// Inputs of a task. Each task (src/task/tasks/) accepts some of them; the others raise an error that names
/// them.
struct TaskInputs {
    std::optional<Task> task = {};  ///< default: inferred from the inputs and the kind of model

    std::optional<std::string> user = {};    ///< a user message: a chat of one message ...
    std::optional<std::string> system = {};  ///< ... or of two, with this system message
    /// A complete chat. If its last message is the assistant's, that is the answer that is explained, unless
    /// there is another one.
    std::vector<Message> messages = {};
    /// Texts that the last user's message is about. They stand before it, each under "[Document 1: title]".
    std::vector<Document> documents = {};
    bool continue_final_message = false;     ///< the model goes on with the assistant's last message instead
    std::optional<std::string> prompt = {};  ///< a complete prompt, without a template
    std::optional<std::string> question = {};  ///< with `context`
    std::optional<std::string> context = {};
    std::optional<std::string> source = {};  ///< the text to translate or summarise
    /// Text in front of the source, or the instruction for a model that follows instructions. Default: the
    /// task's own for this model.
    std::optional<std::string> prefix = {};
    std::optional<Tokens> prompt_ids = {};  ///< instead of all these
    /// For `prompt_ids` that are a question-context pair.
    std::optional<std::vector<int>> token_type_ids = {};
    bool must_answer = false;  ///< an encoder's answer is never "none"

    std::optional<std::string> label = {};  ///< the ground truth
    std::optional<Tokens> label_ids = {};
    std::optional<std::pair<int, int>> label_span = {};  ///< characters [first, last) of `context`
    std::optional<std::string> answer = {};              ///< an existing answer
    std::optional<Tokens> answer_ids = {};
    std::optional<std::string> contrast = {};  ///< another answer: why the answer rather than this one

    bool assisted = false;  ///< the answer is generated with speculative decoding
};

/// Validates inputs without a model. Throws Error{usage} for inputs that fit no task, exclude each other, or
/// are incomplete.
LLMX_API void require_inputs(const TaskInputs& inputs);

/// Fills in `task` and `prefix`, and turns `user` and `system` into `messages`. Throws Error{usage} if the
/// task cannot be inferred, Error{unsupported} if this kind of model cannot perform it.
LLMX_API TaskInputs completed(const Model& model, TaskInputs inputs);

/// Builds the request for these inputs: task, prompt (source, or question and context), labels, and the
/// answer, if given; `request` supplies the rest. If there is no answer, generate one: `request.output =
/// model.generate(request.input_ids)`. An encoder finds its answer itself.
LLMX_API Request prepare(const Model& model, const TaskInputs& inputs, Request request = {});

}  // namespace llmx
