#pragma once
// Drafts of the next tokens, for speculative decoding.

#include <memory>

#include "engine/generate/decoder.hpp"
#include "engine/generate/sampler.hpp"

namespace llmx::engine {

/// Proposed next tokens, and the distribution that each was drawn from.
struct Draft {
    Tokens ids;
    std::vector<Distribution> from;
};

class Drafter {
public:
    virtual ~Drafter() = default;
    /// At most `most` tokens that may follow `text`.
    virtual Draft draft(std::span<const Token> text, int most) = 0;
};

/// What followed the last tokens (three of them, else two, else one) where they last occurred before, in
/// `source` or in the text itself.
class PromptLookup final : public Drafter {
public:
    explicit PromptLookup(std::span<const Token> source) : source_(source.begin(), source.end()) {}
    Draft draft(std::span<const Token> text, int most) override;

private:
    Tokens source_;
};

/// A second, smaller model.
class Assistant final : public Drafter {
public:
    /// `size` as of the main model's decoder. `source`: an encoder-decoder's, else empty.
    Assistant(const Model& model, std::span<const Token> source, const GenerateOptions& options,
              const Decoder::Size& size, Pulse& pulse);
    Draft draft(std::span<const Token> text, int most) override;

private:
    Decoder decoder_;
    Sampler sampler_;
    Tokens read_;  // what is in the decoder's memory
};

/// Throws Error{input} if the vocabularies differ, saying how.
void require_same_vocabulary(const Model& model, const Model& assistant);

}  // namespace llmx::engine
