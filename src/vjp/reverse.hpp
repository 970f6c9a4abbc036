#pragma once
// The driver: walks a tape backwards; each node's rule passes its gradient on to its sources.

#include <functional>
#include <span>

#include "tape/tape.hpp"
#include "vjp/gradient_buffers.hpp"
#include "vjp/plan.hpp"
#include "vjp/weights.hpp"

namespace llmx::vjp {

/// Called with the gradient of a requested node, dense, in the node's shape. Not called for a node that no
/// gradient reaches: its gradient is zero.
using GradientSink = std::function<void(int tensor, const TensorView<const float>& gradient)>;

/// One reverse pass at a time; one object per thread. Memory is kept between passes.
class Reverse {
public:
    /// All references must outlive the object. `asked`: tensors to report, of plan()'s `to` and `watched`.
    Reverse(const engine::Graph& graph, const Plan& plan, Weights& weights, std::vector<int> asked,
            int threads);

    /// Starts a pass: adds `gradient` (dense, of the tensor's shape) to a tensor's shadow.
    void seed(int tensor, std::span<const float> gradient);

    /// Walks steps [first, last) of the plan backwards over a tape that holds their values. `go_on` is called
    /// before each; what it throws ends the pass.
    void run(const tape::Tape& tape, std::size_t first, std::size_t last, const GradientSink& sink,
             const std::function<void()>& go_on = {});

    /// Drops every gradient; needed before the next seed if a pass was abandoned.
    void reset() { shadow_.reset(); }

private:
    void step(const tape::Tape& tape, const Step& step, const GradientSink& sink);

    const engine::Graph& graph_;
    const Plan& plan_;
    Weights& weights_;
    std::vector<int> asked_;
    int threads_;
    GradientBuffers shadow_;
    std::vector<std::vector<int>> ends_;  ///< by step: roots that no earlier step reads or writes
};

}  // namespace llmx::vjp
