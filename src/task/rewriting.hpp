#pragma once

#include "task/definition.hpp"

namespace llmx::task {

/// How a task that makes one text of another is put to a decoder.
struct Rewriting {
    std::string_view name;  ///< as checkpoints begin theirs for it
    std::string_view instruction;
    std::string_view cue;  ///< "Summary"
};

/// A source text in, another text out: prefix and source to an encoder-decoder, an instruction and the
/// source to a decoder.
void rewriting_prompt(const Model& model, const TaskInputs& inputs, const Rewriting& how, Request& request);

/// The prefix where the user says nothing: the instruction for a decoder; for an encoder-decoder what its
/// checkpoint says (a GGUF file says nothing: none).
std::string rewriting_prefix(const Model& model, const Rewriting& how);

}  // namespace llmx::task
