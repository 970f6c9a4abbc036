#pragma once
// A task worded for a model.

#include <string_view>

#include "task/parts.hpp"

namespace llmx::task {

/// For a model that follows instructions: `text` as the user's message in the model's chat template; a model
/// without one reads it as is, followed by `cue` ("Answer") and a colon.
void instruct(const Model& model, PartedText text, std::string_view cue, Request& request);

/// What an encoder-decoder reads: prefix and source, with the model's own special tokens.
void give_source(const Model& model, const PartedText& text, Request& request);

}  // namespace llmx::task
