#pragma once
// The end of a pass, after the last block: final norm and output head, applied to other rows.

#include <functional>
#include <map>
#include <span>
#include <vector>

#include <llmx/model.hpp>
#include "engine/pass/graph.hpp"

namespace llmx::engine {

/// Holds what it needs of the graph; the model must outlive it.
class OutputHead {
public:
    /// `residual`: the node of the residual stream after the last block, [rows, width]; `result`: the logits
    /// computed from it; `scale`: their additional factor (Session::result_scale). Throws Error{unsupported}
    /// if anything but norms, products with weights and the like is in between, or reads something else.
    OutputHead(const Graph& graph, int residual, int result, float scale, int threads);

    /// Called with the logits of a row.
    using Visit = std::function<void(std::int64_t row, std::span<const float> logits)>;
    /// By llama.cpp's own kernels, of rows [rows, width].
    void run(const Tensor& rows, const Visit& visit) const;

private:
    void check(const TensorInfo& node) const;
    using Fetched = std::map<int, std::vector<char>>;  // weights that only a server has
    void run_part(const Tensor& rows, std::int64_t first, std::int64_t count, Fetched& fetched,
                  const Visit& visit) const;

    std::vector<TensorInfo> tensors_;  ///< of the graph
    std::vector<int> nodes_;           ///< between, in order of execution
    int residual_;
    int result_;
    float scale_;
    int threads_;
};

}  // namespace llmx::engine
