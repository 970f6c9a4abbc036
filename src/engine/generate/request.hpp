#pragma once
// A request to generate: checks, and what the model reads first.

#include "engine/model/model_impl.hpp"

namespace llmx::engine {

/// What the answer continues: an encoder's source (empty without an encoder), and the decoder's text so far.
struct Beginning {
    Tokens source;
    Tokens text;
};

/// Checks model, options and prompt, before llama.cpp sees them. Throws what Model::generate promises.
Beginning begin(const Model& model, std::span<const Token> prompt, const GenerateOptions& options);

}  // namespace llmx::engine
