#pragma once

#include "task/definition.hpp"

namespace llmx::task {

/// How a task that turns one text into another is worded for a decoder.
struct Rewriting {
    std::string_view name;  ///< the start of the checkpoints' names for it
    std::string_view instruction;
    std::string_view cue;  ///< "Summary"
};

/// A source text in, another text out: prefix and source to an encoder-decoder, an instruction and the
/// source to a decoder.
void rewriting_prompt(const Model& model, const TaskInputs& inputs, const Rewriting& how, Request& request);

/// The default prefix: the instruction for a decoder; for an encoder-decoder that of its checkpoint (none in
/// a GGUF file).
std::string rewriting_prefix(const Model& model, const Rewriting& how);

}  // namespace llmx::task
