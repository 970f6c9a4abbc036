// From a user's texts to a request: its task, checks of its inputs, and its tokens.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "engine/text/spelling.hpp"
#include "task/chat.hpp"
#include "task/definition.hpp"
#include "task/extractive/offsets.hpp"
#include "task/given.hpp"

namespace llmx {

namespace {

using task::Definition;

/// The task that the inputs tell, whatever the model.
std::optional<Task> implied_task(const TaskInputs& in) {
    if (in.task) return in.task;
    if (in.question || in.context || in.token_type_ids || in.label_span) return Task::question_answering;
    if (in.source) {
        throw Error(ErrorCode::usage,
                    "`source`: no task given; expected `task` translation or `task` summarization");
    }
    if (in.assisted) return Task::generative_text_chat_assistant;
    if (!in.messages.empty() || in.user || in.prompt) return Task::generative_text_chat;
    return std::nullopt;
}

Task task_for(const TaskInputs& in, ModelKind kind) {
    if (const auto task = implied_task(in)) return *task;
    if (kind == ModelKind::encoder) return Task::question_answering;
    if (kind == ModelKind::decoder) return Task::generative_text_chat;
    throw Error(ErrorCode::usage,
                "`task`: none given; for an encoder-decoder expected translation, summarization or "
                "question_answering");
}

void require_system_with_user(const TaskInputs& in) {
    if (!in.system || in.user) return;
    throw Error(ErrorCode::usage, in.messages.empty() && !in.prompt && !in.prompt_ids
                                      ? "`system`: no prompt given; expected `user` with it"
                                      : "`system`: given without `user`; it goes with `user` only");
}

void require_for(const Definition& definition, const TaskInputs& in) {
    const auto refuse = [&](const std::string& what) {
        throw Error(ErrorCode::usage,
                    fmt::format("{}: {}; expected {}", definition.name, what, definition.wants));
    };
    const bool assistant = definition.task == Task::generative_text_chat_assistant;
    if (in.assisted && !assistant) refuse("`assistant` does not go with this task");
    if (assistant && !in.assisted && !in.answer && !in.answer_ids)
        throw Error(ErrorCode::usage,
                    fmt::format("{}: no assistant given; expected `assistant`: the path of a model, "
                                "or prompt-lookup",
                                definition.name));
    std::string first;  // prompt that is no list of ids
    for (const auto& [key, facts] : task::given(in)) {
        const auto& takes = definition.takes;
        const bool taken = std::find(takes.begin(), takes.end(), key) != takes.end();
        if ((facts.prompt || facts.of_task) && !taken)
            refuse(fmt::format("`{}` does not go with this task", key));
        if (facts.prompt && first.empty()) first = key;
    }
    if (in.prompt_ids && !first.empty()) {
        throw Error(ErrorCode::usage,
                    fmt::format("`{}`, `prompt_ids`: given together; expected one of them", first));
    }
    if (in.prompt_ids && in.prefix)
        throw Error(ErrorCode::usage, "`prefix`: the prompt is given as ids; expected it among them");
    if (in.token_type_ids && !in.prompt_ids) {
        throw Error(ErrorCode::usage, "`token_type_ids`: no `prompt_ids` given; texts have their own types");
    }
    if (!in.prompt_ids && !definition.is_complete(in)) {
        refuse(first.empty() ? "no prompt given" : fmt::format("`{}` alone is not enough", first));
    }
}

void require_kind(const Definition& definition, const ModelFacts& facts) {
    const auto& kinds = definition.kinds;
    if (std::find(kinds.begin(), kinds.end(), facts.kind) != kinds.end()) return;
    std::vector<std::string_view> able;
    for (const Definition* other : task::definitions()) {
        if (std::find(other->kinds.begin(), other->kinds.end(), facts.kind) != other->kinds.end())
            able.push_back(other->name);
    }
    std::vector<std::string> needed;
    needed.reserve(kinds.size());
    for (const ModelKind kind : kinds) needed.push_back("a model of kind " + to_string(kind));
    throw Error(ErrorCode::unsupported,
                fmt::format("`task` {}: model {} (\"{}\") is of kind {}, which does {}; expected {}",
                            definition.name, facts.path, facts.architecture, to_string(facts.kind),
                            fmt::join(able, ", "), fmt::join(needed, " or ")));
}

void require_in_vocabulary(const std::string& key, const Tokens& ids, const Model& model) {
    const int size = model.facts().vocabulary;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (ids[i] >= 0 && ids[i] < size) continue;
        throw Error(ErrorCode::input, fmt::format("`{}`: id {} at index {} is no token; expected 0 to {}",
                                                  key, ids[i], i, size - 1));
    }
}

void require_some(const std::string& key, const Tokens& ids) {
    if (!ids.empty()) return;
    throw Error(ErrorCode::input, fmt::format("`{}`: the text has no tokens; expected at least one", key));
}

/// Of a label, an answer or a contrast.
Tokens text_tokens(const Model& model, const std::string& key, const std::optional<std::string>& text,
                   const std::optional<Tokens>& ids, std::vector<std::string>& warnings) {
    if (ids) {
        require_in_vocabulary(key + "_ids", *ids, model);
        return *ids;
    }
    if (!text) return {};
    const bool continues = model.facts().kind == ModelKind::decoder;
    Tokens tokens = continues ? engine::continuation(model, *text) : model.tokenize(*text);
    require_some(key, tokens);
    const std::string control = continues ? engine::spelled_control_token(model, *text, true) : std::string();
    if (!control.empty())
        warnings.push_back(fmt::format("`{}`: \"{}\" in it is read as the control token", key, control));
    return tokens;
}

/// An encoder's label is a part of the context; its answer is found, not given.
void prepare_extraction(const TaskInputs& in, Request& request) {
    if (in.answer || in.answer_ids) {
        throw Error(ErrorCode::usage,
                    "question_answering: an encoder finds its answer itself; expected no `answer`, or a "
                    "`label` to compare with");
    }
    if (in.label_ids) {
        throw Error(ErrorCode::usage,
                    "question_answering: `label_ids` does not go with an encoder; expected `label` or "
                    "`label_span`");
    }
    if (in.prefix && !in.prefix->empty()) {
        throw Error(ErrorCode::usage,
                    "question_answering: `prefix` does not go with an encoder; expected `question` and "
                    "`context` alone");
    }
    request.pair.label = in.label.value_or("");
    request.pair.label_span = in.label_span;
    if (in.token_type_ids) request.pair.token_types = *in.token_type_ids;
    request.pair.must_answer = in.must_answer;
}

/// For a model that writes, the label is the text of the span.
std::optional<std::string> label_text(const TaskInputs& in) {
    if (!in.label_span) return in.label;
    if (!in.context) {
        throw Error(ErrorCode::usage,
                    "`label_span`: there is no `context` to take it from; expected `label` or `label_ids`");
    }
    return task::part(*in.context, {in.label_span->first, in.label_span->second}, "`label_span`");
}

}  // namespace

void require_inputs(const TaskInputs& inputs) {
    task::require_one_of_each(task::given(inputs));
    require_system_with_user(inputs);
    if (const auto task = implied_task(inputs)) {
        require_for(task::definition(*task), inputs);
    } else if (!inputs.prompt_ids) {
        throw Error(
            ErrorCode::usage,
            "no prompt given; expected one of `user`, `messages`, `prompt`, `prompt_ids`, `question` with "
            "`context`, `source`");
    }
}

TaskInputs completed(const Model& model, TaskInputs inputs) {
    inputs.task = task_for(inputs, model.facts().kind);
    require_inputs(inputs);
    const Definition& definition = task::definition(*inputs.task);
    require_kind(definition, model.facts());
    if (inputs.user) {
        if (inputs.system) inputs.messages.push_back({"system", *inputs.system});
        inputs.messages.push_back({"user", *inputs.user});
        inputs.system = inputs.user = std::nullopt;
    }
    task::take_answer(inputs);
    if (definition.prefix != nullptr && !inputs.prefix && !inputs.prompt_ids)
        inputs.prefix = definition.prefix(model);
    return inputs;
}

Request prepare(const Model& model, const TaskInputs& inputs, Request request) {
    const TaskInputs in = completed(model, inputs);
    request.task = *in.task;
    if (in.prompt_ids) {
        require_in_vocabulary("prompt_ids", *in.prompt_ids, model);
        request.input_ids = *in.prompt_ids;
    } else {
        const Definition& definition = task::definition(*in.task);
        definition.prompt(model, in, request);
        if (model.facts().kind != ModelKind::encoder)
            require_some(task::given(in).front().key, request.input_ids);
    }
    if (in.contrast)
        request.target.contrast = text_tokens(model, "contrast", in.contrast, std::nullopt, request.warnings);
    if (model.facts().kind == ModelKind::encoder) {
        prepare_extraction(in, request);
        return request;
    }
    if (in.must_answer) {
        throw Error(
            ErrorCode::usage,
            "`must_answer`: it is for an encoder, which chooses a span; this model writes its answer");
    }
    if (in.token_type_ids) {
        throw Error(ErrorCode::usage,
                    "`token_type_ids`: this model has none; they are for an encoder's `prompt_ids`");
    }
    request.labels = text_tokens(model, "label", label_text(in), in.label_ids, request.warnings);
    request.output.ids = text_tokens(model, "answer", in.answer, in.answer_ids, request.warnings);
    return request;
}

}  // namespace llmx
