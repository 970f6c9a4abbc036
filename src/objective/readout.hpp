#pragma once
// The numbers, computed from a pass's results, that are explained: one per target (definitions 2 to 4).

#include <memory>
#include <span>
#include <vector>

#include "objective/objective.hpp"

namespace llmx::objective {

class Readout {
public:
    virtual ~Readout() = default;
    [[nodiscard]] virtual std::size_t targets() const = 0;
    /// f of every target. `results`: of every text, [outputs, width].
    [[nodiscard]] virtual std::vector<double> values(std::span<const Tensor> results) const = 0;
    /// If a target is the log-probability of consecutive tokens: their number; else 0.
    [[nodiscard]] virtual int log_probability_tokens(std::size_t /*target*/) const { return 0; }
    /// df_target / d results[text], of their shape. f is a sum of one contribution per text.
    [[nodiscard]] virtual Tensor seed(std::size_t target, std::size_t text, const Tensor& results) const = 0;
};

/// What is measured at the rows of a target:
///  logprob      Σ w log p(token)
///  probability  the product of the p(token) of each text; the second text's counts negative
///  logit        Σ w logit(token)
///  entropy      Σ w H(p), of the whole row
///  kl           Σ w KL(p || q), of the whole row, q the row of `reference`
struct Measured {
    int text = 0;
    Term term;
};
struct Target {
    std::vector<Measured> terms;
};

/// Targets of a model that writes. `reference`: logits of the first text's outputs, for kl.
std::shared_ptr<const Readout> written_readout(Measure measure, std::vector<Target> targets,
                                               Tensor reference = {});

/// The one target of an encoder's span: factor * loss (objective/span.hpp) of start and end.
std::shared_ptr<const Readout> span_readout(const QaHead& head, int start, int end, double factor);

}  // namespace llmx::objective
