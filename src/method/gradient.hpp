#pragma once
// Gradients of an objective with respect to the token embeddings and to the residual stream
// (definitions 1.3 and 3).

#include <functional>
#include <map>

#include "method/replay.hpp"
#include "objective/objective.hpp"
#include "vjp/plan.hpp"
#include "vjp/weights.hpp"

namespace llmx::method {

/// Where gradients are read in a graph.
struct GradientSites {
    int logits = -1;              ///< node that holds the logits
    int embedding = -1;           ///< node that reads the token-embedding table
    std::map<int, int> residual;  ///< block -> node that is the residual stream after it
};

/// Throws Error{unsupported} where the graph has no such embedding or logits.
GradientSites find_sites(const engine::Graph& graph);

class Gradient {
public:
    /// `blocks`: also the gradient at the residual stream after each block.
    Gradient(const engine::Graph& graph, bool blocks);

    [[nodiscard]] std::vector<Need> needs() const;
    [[nodiscard]] const GradientSites& sites() const { return sites_; }

    struct Result {
        Tensor embedding;                ///< [tokens, embedding]
        std::map<int, Tensor> residual;  ///< block -> [tokens, embedding], zero where nothing arrives
    };
    /// One reverse pass over the whole objective, all threads in each operation.
    Result whole(Replay& replay, const objective::Terms& terms, vjp::Weights& weights, int threads) const;

    /// One reverse pass per term (of weight 1), several at a time, one thread each.
    /// each(i, gradient [tokens, embedding]) is called from any thread, never for the same i twice.
    using Each = std::function<void(std::size_t term, const View<const float>& gradient)>;
    void per_term(Replay& replay, const objective::Terms& terms, vjp::Weights& weights, int threads,
                  const Each& each, const std::function<bool(double)>& progress) const;

private:
    std::pair<std::size_t, std::size_t> steps_between(int first, int last) const;

    const engine::Graph& graph_;
    GradientSites sites_;
    vjp::Plan plan_;
};

}  // namespace llmx::method
