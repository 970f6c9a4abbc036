#pragma once
// The end of a pass, behind the residual stream's last block: final norm and output head, for other rows.

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
    /// that become of it; `scale`: what they are multiplied by besides (Session::result_scale). Throws
    /// Error{unsupported} where anything but norms, products with weights and the like lies between, or
    /// something else is read there.
    OutputHead(const Graph& graph, int residual, int result, float scale, int threads);

    /// Told the logits of a row.
    using Visit = std::function<void(std::int64_t row, std::span<const float> logits)>;
    /// By llama.cpp's own kernels, of rows [rows, width].
    void run(const Tensor& rows, const Visit& visit) const;

private:
    void check(const TensorInfo& node) const;
    using Fetched = std::map<int, std::vector<char>>;  // weights that a server alone has
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
