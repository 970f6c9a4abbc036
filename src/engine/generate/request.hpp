#pragma once
// A request to generate, checked and taken apart.

#include "engine/model/model_impl.hpp"

namespace llmx::engine {

/// What a model writes after: an encoder's source (empty where there is no encoder), and the decoder's
/// text so far.
struct Beginning {
    Tokens source;
    Tokens text;
};

/// Checks model, options and prompt, before llama.cpp sees them. Throws what Model::generate promises.
Beginning begin(const Model& model, std::span<const Token> prompt, const GenerateOptions& options);

}  // namespace llmx::engine
