#pragma once
// The rows of TaskInputs: every text that a task may be given, once.

#include <llmx/task.hpp>

#include "core/key_facts.hpp"

namespace llmx::task {

template <class Visitor>
void visit_prompts(Visitor& v, TaskInputs& t) {
    constexpr KeyFacts chat{.one_of = "prompt", .prompt = true, .file = true};
    v.group("Prompt of a chat (give one of user, messages, prompt and prompt_ids)");
    v.text("user", t.user, "The user's message, put into the model's chat template.", chat);
    v.text("system", t.system, "The system prompt that goes with user.", {.prompt = true, .file = true});
    v.messages(
        "messages", t.messages,
        "A whole chat: a list of objects with role and content. If the last is the assistant's, it is the "
        "answer that is explained.",
        {.one_of = "prompt", .prompt = true});
    v.documents("documents", t.documents,
                "Texts that the last user's message is about: a list of texts, or of objects with title and "
                "text. They stand before that message, each under a line \"[Document 1: title]\".",
                {.prompt = true});
    v.flag("continue_final_message", t.continue_final_message,
           "The model goes on with the assistant's last message.", {.of_task = true});
    v.text("prompt", t.prompt, "The whole prompt, without a chat template.", chat);
    v.ids("prompt_ids", t.prompt_ids, "The whole prompt as token ids. Every task takes them.",
          {.one_of = "prompt"});

    constexpr KeyFacts part{.prompt = true, .file = true};
    v.group("Question answering");
    v.text("question", t.question, "The question.", part);
    v.text("context", t.context, "The text that the question is about.", part);
    v.ids("token_type_ids", t.token_type_ids,
          "Segments of prompt_ids, for an encoder: 0 for the question, 1 for the context.",
          {.of_task = true});

    v.flag("must_answer", t.must_answer,
           "An encoder always answers with a span, as heads expect that were trained where every question "
           "has an "
           "answer (SQuAD 1), and never with none.",
           {.of_task = true});

    v.group("Translation and summarization");
    v.text("source", t.source, "The text to translate or to summarize.", part);
    v.text(
        "prefix", t.prefix,
        "The text before the source (T5: \"translate English to German: \"), or the instruction to a model "
        "that follows instructions. Default: the checkpoint's own, else the task's.",
        {.of_task = true, .empty = true});
}

template <class Visitor>
void visit_answers(Visitor& v, TaskInputs& t) {
    v.group("Ground truth and given answers");
    v.text("label", t.label, "The ground truth, for the loss that the gradient differentiates.",
           {.one_of = "label", .file = true});
    v.ids("label_ids", t.label_ids, "The ground truth as token ids.", {.one_of = "label"});
    v.span("label_span", t.label_span,
           "The ground truth as characters A to B - 1 of the context, counted from 0.",
           {.one_of = "label", .of_task = true});
    v.text("answer", t.answer, "Explain this answer instead of generating one.",
           {.one_of = "answer", .file = true});
    v.ids("answer_ids", t.answer_ids, "The same, as token ids.", {.one_of = "answer"});
    v.text("contrast", t.contrast,
           "Explain why the model gave its answer rather than this one; with target_span, this in the span's "
           "place.",
           {.file = true});
}

template <class Visitor>
void visit(Visitor& v, TaskInputs& t) {
    visit_prompts(v, t);
    visit_answers(v, t);
}

}  // namespace llmx::task
