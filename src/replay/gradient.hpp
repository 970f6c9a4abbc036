#pragma once
// Gradients of an objective with respect to the token embeddings and to the residual stream
// (definitions 1.3 and 3). Rows are the replay's: an encoder-decoder's source, then the text.

#include <functional>
#include <map>

#include "objective/objective.hpp"
#include "replay/replay.hpp"
#include "vjp/plan.hpp"
#include "vjp/reverse.hpp"
#include "vjp/weights.hpp"

namespace llmx::replay {

/// Where gradients are read in a graph: tensors, of every sub-pass.
struct GradientSites {
    std::vector<int> results;     ///< nodes that hold logits, or an encoder's last hidden states
    std::vector<int> embeddings;  ///< nodes that read the token-embedding table
    /// block -> nodes that are the residual stream after it; none where a model has several streams
    std::map<int, std::vector<int>> residual;
};

/// Throws Error{unsupported} where the graph does not read the token-embedding table by rows.
GradientSites find_sites(const engine::Graph& graph);

class Gradient {
public:
    /// `blocks`: also the gradient at the residual stream after each block. `watched`: further nodes, of
    /// whose gradient a Watch is told.
    Gradient(const engine::Graph& graph, bool blocks, std::vector<int> watched = {});
    /// At these nodes instead of the embeddings: where this says embedding, it means them.
    Gradient(const engine::Graph& graph, std::vector<int> nodes);

    [[nodiscard]] std::vector<RequiredValue> needs() const;
    [[nodiscard]] const GradientSites& sites() const { return sites_; }

    /// Told the gradient of a watched node for objective i, with the tape of the piece that the node is in,
    /// in reverse order of the pass; not told where none arrives. From any thread.
    using Watch = std::function<void(std::size_t i, const tape::Tape& tape, int tensor,
                                     const TensorView<const float>& gradient)>;
    /// The gradient of an objective with respect to the replay's results, of their shape.
    using Seed = std::function<Tensor(const Tensor& results)>;

    struct Result {
        Tensor embedding;                ///< [rows, embedding]
        std::map<int, Tensor> residual;  ///< block -> [rows, embedding], zero where nothing arrives
    };
    /// One reverse pass over the whole objective, all threads in each operation.
    Result whole(Replay& replay, const Seed& seed, vjp::Weights& weights, int threads,
                 const Watch& watch = {}) const;
    /// ... with the memory of an earlier one, from `reverse`.
    Result whole(Replay& replay, const Seed& seed, vjp::Reverse& reverse, const Watch& watch = {}) const;
    [[nodiscard]] vjp::Reverse reverse(vjp::Weights& weights, int threads) const;
    Result whole(Replay& replay, const objective::Terms& terms, vjp::Weights& weights, int threads) const;

    /// One reverse pass for each of `count` objectives, several at a time, one thread each. `seed` gives the
    /// gradient of objective i with respect to the results, of their shape.
    /// each(i, gradient [rows, embedding]) is called from any thread, never for the same i twice.
    using Each = std::function<void(std::size_t i, const TensorView<const float>& gradient)>;
    using SeedOf = std::function<Tensor(std::size_t i, const Tensor& results)>;
    void per_seed(Replay& replay, std::size_t count, const SeedOf& seed, vjp::Weights& weights, int threads,
                  const Each& each, const std::function<bool(double)>& progress,
                  const Watch& watch = {}) const;
    /// The objectives are terms.
    void per_term(Replay& replay, const objective::Terms& terms, vjp::Weights& weights, int threads,
                  const Each& each, const std::function<bool(double)>& progress) const;

private:
    struct Slot;
    std::pair<std::size_t, std::size_t> steps_between(int first, int last) const;
    void seed(vjp::Reverse& reverse, const Replay& replay, const Tensor& gradient) const;
    void add_rows(int tensor, const TensorView<const float>& gradient, Tensor& total) const;
    [[nodiscard]] Tensor zero(const Replay& replay) const;

    const engine::Graph& graph_;
    GradientSites sites_;
    std::vector<int> watched_;
    vjp::Plan plan_;
};

}  // namespace llmx::replay
