#include <chat.h>
#include <fmt/format.h>

#include <exception>

#include "engine/llama_guard.hpp"
#include "engine/model/model_impl.hpp"
#include "engine/text/template_guard.hpp"
#include "text/utf8.hpp"

namespace llmx {

using engine::LlamaGuard;
using engine::one_line;

void ChatTemplatesFree::operator()(common_chat_templates* templates) const {
    common_chat_templates_free(templates);
}

namespace {

// The template's own message, without llama.cpp's account of the place in its source.
std::string said(const std::string& message) {
    for (const std::string_view mark : {"Jinja Exception: ", "Error: "}) {
        const std::size_t at = message.rfind(mark);
        if (at != std::string::npos) return one_line(message.substr(at + mark.size()));
    }
    return one_line(message);
}

// Parses the model's template on first use. The mutex is held by the caller.
const common_chat_templates& templates_of(const ModelImpl& impl) {
    if (!impl.facts.has_chat_template) {
        throw Error(ErrorCode::model,
                    fmt::format("chat template: model {} has none; set one with `chat_template`, or give a "
                                "raw `prompt` instead of messages",
                                impl.facts.path));
    }
    if (impl.templates == nullptr) {
        try {
            const char* own = llama_model_chat_template(impl.model.get(), nullptr);
            const std::string source =
                impl.chat_template.empty() && own != nullptr ? own : impl.chat_template;
            const std::string guarded = engine::guard_recursion(source);
            // If nothing is set, llama.cpp may choose among several templates of the model.
            impl.templates.reset(
                common_chat_templates_init(impl.model.get(), guarded == source ? impl.chat_template : guarded)
                    .release());
        } catch (const std::exception& e) {
            const std::string_view reason = e.what();  // the type's name is none
            throw Error(
                ErrorCode::model,
                fmt::format("chat template: cannot parse that of model {}: {}; set another with "
                            "`chat_template`, or give a raw `prompt` instead of messages",
                            impl.facts.path,
                            reason == "std::exception" ? "it is not valid Jinja" : one_line(e.what())));
        }
    }
    return *impl.templates;
}

}  // namespace

std::string Model::render_chat(const std::vector<Message>& messages, bool add_generation_prompt) const {
    if (messages.empty()) throw Error(ErrorCode::input, "`messages`: none given; expected at least one");
    common_chat_templates_inputs inputs;
    inputs.add_generation_prompt = add_generation_prompt;
    inputs.use_jinja = true;
    for (const Message& message : messages) {
        if (message.role.empty())
            throw Error(ErrorCode::input,
                        "`messages`: got an empty role; expected system, user or assistant");
        utf8::require_valid(message.role, "role");
        utf8::require_valid(message.content, message.role + " message");
        common_chat_msg chat_message;
        chat_message.role = message.role;
        chat_message.content = message.content;
        inputs.messages.push_back(std::move(chat_message));
    }
    const std::lock_guard lock(impl_->mutex);
    const LlamaGuard guard;
    const common_chat_templates& templates = templates_of(*impl_);
    try {
        return common_chat_templates_apply(&templates, inputs).prompt;
    } catch (const std::exception& e) {
        throw Error(ErrorCode::input, fmt::format("chat template: it rejects these messages: {}; expected "
                                                  "the roles and the order that the model's template allows",
                                                  said(e.what())));
    }
}

Tokens Model::apply_chat_template(const std::vector<Message>& messages, bool add_generation_prompt) const {
    // llama.cpp removes a BOS or EOS written by the template if its tokenizer adds one, so that there is
    // exactly one.
    return tokenize(render_chat(messages, add_generation_prompt), true, true);
}

}  // namespace llmx
