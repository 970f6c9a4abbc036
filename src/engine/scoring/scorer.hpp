#pragma once
// Many texts through one model, each prefix once: for methods that change a text and ask what that does.

#include <functional>
#include <memory>
#include <span>

#include "engine/pass/pass.hpp"

namespace llmx::engine {

/// A decoder with a KV cache runs the texts in such an order that each shares as long a prefix as can be with
/// one before, computes the rest only, up to its last output, and several short rests at a time, as sequences
/// of one batch. Other models, and texts with hidden rows or embeddings of their own, run whole, one by one.
/// One that has run keeps its context (a KV cache of the session's size and a pass more) for the next run.
class Scorer {
public:
    /// `session`: runs what runs whole; must hold every text. It must outlive the scorer.
    explicit Scorer(Session& session);
    ~Scorer();
    Scorer(Scorer&&) noexcept;
    Scorer& operator=(Scorer&&) noexcept;

    /// Told the results of a text, [outputs, width], in any order of texts, from the calling thread.
    using Visit = std::function<void(std::size_t text, Tensor&& results)>;
    /// Throws what `visit` throws; Error{input} for tokens that the model does not have.
    void run(std::span<const PassInput> texts, const Visit& visit);

    /// Polled during passes with the part of a run's tokens that is done, as far as that is known. False ends
    /// the run with Error{cancelled}; what it throws ends the run too.
    void set_progress(std::function<bool(double done)> progress);

    /// Tokens computed so far.
    [[nodiscard]] std::int64_t computed() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace llmx::engine
