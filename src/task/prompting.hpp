#pragma once
// A task put into words for a model that follows instructions.

#include <llmx/model.hpp>
#include <string>

namespace llmx::task {

/// `text` as the user's message in the model's chat template; a model without one reads it as it is,
/// with `cue` ("Answer") and a colon after it.
Tokens instruct(const Model& model, const std::string& text, const std::string& cue);

/// What an encoder-decoder reads: prefix and source, with the model's own special tokens.
Tokens source_tokens(const Model& model, const std::string& text);

}  // namespace llmx::task
