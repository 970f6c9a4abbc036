#pragma once
// Maximum flow through the layers of attention (Abnar & Zuidema 2020).

#include <llmx/tensor.hpp>
#include <vector>

namespace llmx::method {

class LayeredFlow {
public:
    /// `layers`: [rows, rows] each, the lowest first: layer l lets layers[l][q, k] through from row q above
    /// it to row k below it. Weights are 0 to 1, rounded to multiples of 2^-40.
    explicit LayeredFlow(const std::vector<Tensor>& layers);

    /// The largest flow from row `from` above all layers to row `to` below them, by Boykov and Kolmogorov's
    /// algorithm. From any thread.
    [[nodiscard]] double maximum(int from, int to) const;
    /// Memory that finding one takes, at most.
    [[nodiscard]] std::size_t bytes() const;

private:
    std::size_t rows_;
    std::vector<std::vector<std::int64_t>> layers_;
};

}  // namespace llmx::method
