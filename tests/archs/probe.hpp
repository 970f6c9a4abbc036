#pragma once
// One model under test: its replay, the objective as a function of the embeddings, and what the pass
// chose (experts, sparse keys) at a point, for the choice has no derivative where it changes.

#include <memory>
#include <span>
#include <vector>

#include "replay/gradient.hpp"

namespace llmx::test {

/// The objective at one point, and the ids that the pass chose there: sorted within each row.
struct Value {
    double objective = 0;
    std::vector<std::int32_t> chosen;
};

class Probe {
public:
    /// Sum of the log-probabilities of fixed tokens at a few positions of a fixed text of `tokens` tokens;
    /// of an encoder, a fixed random projection of the results there. `micro_batch`: see SessionSize.
    Probe(const Model& model, int tokens, int micro_batch = 0);

    [[nodiscard]] const engine::Graph& graph() const { return replay_.graph(); }
    [[nodiscard]] const engine::PassInput& input() const { return replay_.input(); }
    [[nodiscard]] bool gives_logits() const { return session_.gives_logits(); }
    [[nodiscard]] const Tensor& embeddings() const { return embeddings_; }

    /// The gradient by the reverse pass, [rows, embedding], and the replay's results.
    struct Gradient {
        Tensor embedding;
        Tensor results;  ///< [outputs, width]
    };
    [[nodiscard]] Gradient gradient();

    /// The objective with other embeddings, by a forward pass alone.
    [[nodiscard]] Value value(std::span<const float> embeddings);

    /// Every weight of every attention, as an AttentionReader tells them; empty where none has one column a
    /// token.
    [[nodiscard]] std::vector<float> attention();

    /// What the nodes wrote.
    [[nodiscard]] tape::Tape record(const std::vector<int>& nodes);

private:
    [[nodiscard]] double objective(const Tensor& results) const;
    [[nodiscard]] Tensor slope(const Tensor& results) const;

    engine::Session session_;
    replay::Replay replay_;
    replay::Gradient gradient_;
    objective::Terms terms_;
    Tensor embeddings_;
};

/// Results of a pass that nobody watches, in a context of its own, [outputs, width].
std::vector<float> plain_results(const std::string& path, const engine::PassInput& input, bool logits);

}  // namespace llmx::test
