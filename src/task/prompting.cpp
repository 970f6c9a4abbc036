#include "task/prompting.hpp"

namespace llmx::task {

Tokens instruct(const Model& model, const std::string& text, const std::string& cue) {
    if (model.facts().has_chat_template) return model.apply_chat_template({{"user", text}});
    return model.tokenize(text + "\n\n" + cue + ":", true);
}

Tokens source_tokens(const Model& model, const std::string& text) { return model.tokenize(text, true); }

}  // namespace llmx::task
