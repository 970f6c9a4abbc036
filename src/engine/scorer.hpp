#pragma once
// Many texts through one model, each prefix once: for methods that change a text and ask what that does.

#include <functional>
#include <memory>
#include <span>

#include "engine/pass.hpp"

namespace llmx::engine {

/// A decoder with attention memory runs the texts in such an order that each shares as long a prefix as can
/// be with the one before, and computes the rest only; short rests run several at a time, as sequences of one
/// batch. Other models, and texts with hidden rows, run whole, one by one.
class Scorer {
public:
    /// `session`: runs what runs whole; must hold every text. It must outlive the scorer.
    explicit Scorer(Session& session);
    ~Scorer();
    Scorer(Scorer&&) noexcept;
    Scorer& operator=(Scorer&&) noexcept;

    /// Told the results of a text, [outputs, width], in any order of texts, from the calling thread.
    using Visit = std::function<void(std::size_t text, const Tensor& results)>;
    /// Throws what `visit` throws; Error{input} for tokens that the model does not have.
    void run(std::span<const PassInput> texts, const Visit& visit);

    /// Tokens computed so far.
    [[nodiscard]] std::int64_t computed() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace llmx::engine
