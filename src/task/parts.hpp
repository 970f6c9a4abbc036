#pragma once
// Which parts of a prompt are a user's messages and texts: followed through the chat template and the
// tokenizer to the text of the prompt's tokens.

#include <llmx/request.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace llmx::task {

using Part = UnitChoice::Part;

/// A text some of whose parts have a role.
struct PartedText {
    std::string text = {};
    std::vector<Part> parts = {};
    std::string unplaced = {};  ///< why parts that there are could not be found in it; else empty

    /// Puts a piece at the end; with a role, a part.
    PartedText& add(std::string_view piece, std::string_view role = {});
};

struct PartedMessage {
    std::string role;
    PartedText content;
};

/// Messages in the model's chat template, and where their parts stand there, whatever the template puts
/// around them, trims, or puts in another order. Throws what Model::render_chat throws.
PartedText rendered(const Model& model, const std::vector<PartedMessage>& messages);

/// Makes `text` the request's prompt: `input_ids`, with the model's own special tokens, and the units' parts.
/// `markup`: parse special tokens that the text spells.
void set_prompt(const Model& model, const PartedText& text, bool markup, Request& request);

}  // namespace llmx::task
