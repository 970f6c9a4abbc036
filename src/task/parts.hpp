#pragma once
// Finds the parts of a prompt that are a user's messages and texts, by following them through the chat
// template and the tokenizer to the text of the prompt's tokens.

#include <llmx/request.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace llmx::task {

using Part = UnitChoice::Part;

/// A text, parts of which have a role.
struct PartedText {
    std::string text = {};
    std::vector<Part> parts = {};
    std::string unplaced = {};               ///< why none of its parts could be found; empty if some were
    std::vector<std::string> warnings = {};  ///< about messages that the model does not read as they are

    /// Appends a piece; with a role, it is a part.
    PartedText& add(std::string_view piece, std::string_view role = {}, std::string_view title = {});
};

struct PartedMessage {
    std::string role;
    PartedText content;
};

/// Messages in the model's chat template, and the places of their parts there, whatever the template adds
/// around them, trims, or reorders. Throws what Model::render_chat throws.
PartedText rendered(const Model& model, const std::vector<PartedMessage>& messages);

/// Makes `text` the request's prompt: `input_ids`, with the model's own special tokens, and the units' parts.
/// `markup`: parse special tokens spelled in the text.
void set_prompt(const Model& model, const PartedText& text, bool markup, Request& request);

}  // namespace llmx::task
