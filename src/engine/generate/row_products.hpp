#pragma once
// Products of several rows, bit for bit as products of single rows.

#include <ggml.h>

#include <vector>

namespace llmx::engine {

/// For some types ggml multiplies several rows with other kernels than one row (llamafile's), which sum in
/// another order. The last bit differs, a quantised model rounds its activations to 8 bits, and a drafted
/// token read among others gets other logits than one read alone: enough to flip a close choice. While `on`,
/// those products are recomputed as ggml computes them for one row.
class RowProducts {
public:
    explicit RowProducts(int threads) : threads_(threads) {}

    bool on = false;

    /// For llama_context_params::cb_eval, while `on`.
    bool on_node(ggml_tensor* node, bool ask);

private:
    void compute(ggml_tensor* product);

    int threads_;
    std::vector<char> rows_;  // the rows in the type that the weights are multiplied by
};

}  // namespace llmx::engine
