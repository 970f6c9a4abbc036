#include "task/prompting.hpp"

namespace llmx::task {

void instruct(const Model& model, PartedText text, std::string_view cue, Request& request) {
    if (model.facts().has_chat_template) {
        set_prompt(model, rendered(model, {{"user", std::move(text)}}), true, request);
    } else {
        set_prompt(model, text.add("\n\n").add(cue).add(":"), false, request);
    }
}

void give_source(const Model& model, const PartedText& text, Request& request) {
    set_prompt(model, text, false, request);
}

}  // namespace llmx::task
