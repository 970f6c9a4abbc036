#pragma once
// Runs many texts through one model, each shared prefix once: for methods that perturb a text and measure the
// effect.

#include <functional>
#include <memory>
#include <span>

#include "engine/pass/pass.hpp"

namespace llmx::engine {

/// A decoder with a KV cache runs the texts in an order in which each shares the longest possible prefix with
/// an earlier one; it computes only the rest, up to the last output, and several short rests at a time, as
/// sequences of one batch. Other models, and texts with hidden rows or replaced embeddings, run whole, one by
/// one. The context (a KV cache of the session's size plus one pass) is kept for the next run.
class Scorer {
public:
    /// `session`: runs texts that run whole; must have room for every text, and outlive the scorer.
    explicit Scorer(Session& session);
    ~Scorer();
    Scorer(Scorer&&) noexcept;
    Scorer& operator=(Scorer&&) noexcept;

    /// Called with the results of a text, [outputs, width], in any order of texts, on the calling thread.
    using Visit = std::function<void(std::size_t text, Tensor&& results)>;
    /// Throws what `visit` throws; Error{input} for tokens that the model does not have.
    void run(std::span<const PassInput> texts, const Visit& visit);
    /// The same numbers in other rounding, where ggml would not compute all products: see OwnProducts.
    void run_by_ggml(std::span<const PassInput> texts, const Visit& visit);

    /// Polled during passes with the fraction of a run's tokens that is done, as far as known. Returning
    /// false ends the run with Error{cancelled}; so does throwing, with what is thrown.
    void set_progress(std::function<bool(double done)> progress);

    /// Do texts share prefixes and batches, so that rounding may differ with the texts beside one?
    [[nodiscard]] bool shares_prefixes() const;

    /// Tokens computed so far.
    [[nodiscard]] std::int64_t computed() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace llmx::engine
