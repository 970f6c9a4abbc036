#pragma once
// The answer as it grows.

#include <string>

#include "engine/model/model_impl.hpp"

namespace llmx::engine {

class Answer {
public:
    /// `options` must outlive this.
    Answer(const Model& model, const GenerateOptions& options) : model_(model), options_(options) {}

    /// Takes the next token with the logits that it was chosen from, and hands its text on. False: it was
    /// the last, because it ends the text, the answer is full or the caller wants no more.
    bool add(Token id, std::span<const float> logits);

    [[nodiscard]] int room() const { return options_.max_new_tokens - static_cast<int>(result.ids.size()); }

    Generation result;

private:
    const Model& model_;
    const GenerateOptions& options_;
    std::string pending_;  // bytes of a character that is not complete yet
};

}  // namespace llmx::engine
