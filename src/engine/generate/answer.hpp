#pragma once
// The answer as it grows.

#include <string>

#include "engine/model/model_impl.hpp"

namespace llmx::engine {

class Answer {
public:
    /// `options` must outlive this.
    Answer(const Model& model, const GenerateOptions& options) : model_(model), options_(options) {}

    /// Adds the next token with the logits that it was chosen from, and passes its text on. Returns false if
    /// it was the last one: it ends the text, the answer is full, or the caller stopped.
    bool add(Token id, std::span<const float> logits);

    [[nodiscard]] int room() const { return options_.max_new_tokens - static_cast<int>(result.ids.size()); }

    Generation result;

private:
    const Model& model_;
    const GenerateOptions& options_;
    std::string pending_;  // bytes of an incomplete character
};

}  // namespace llmx::engine
