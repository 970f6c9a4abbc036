#pragma once
// Products of several rows with the bits of products of one.

#include <ggml.h>

#include <vector>

namespace llmx::engine {

/// ggml multiplies several rows by other kernels than one row (llamafile's, for some types), whose sums
/// have another order. The last bit differs, a quantised model rounds its activations to 8 bits, and a
/// drafted token that is read among others gets other logits than read alone: enough to turn a close
/// choice. While `on`, the products concerned are computed again as ggml does those of one row.
class RowProducts {
public:
    explicit RowProducts(int threads) : threads_(threads) {}

    bool on = false;

    /// For llama_context_params::cb_eval, with this as the user data.
    static bool on_node(ggml_tensor* node, bool ask, void* self);

private:
    void compute(ggml_tensor* product);

    int threads_;
    std::vector<char> rows_;  // the rows in the type that the weights are multiplied with
};

}  // namespace llmx::engine
