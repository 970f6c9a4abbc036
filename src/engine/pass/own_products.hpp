#pragma once
// Computes products with weights of some types in ggml's place, which takes two to five times as long for
// them (docs/performance.md). Operands are rounded as ggml rounds them, and sums are float32.

#include <ggml.h>

#include <atomic>

#include "engine/pass/quantized_product.hpp"
#include "engine/pass/skipped_nodes.hpp"

namespace llmx::engine {

/// While false, ggml computes all products. Set by tests.
inline std::atomic<bool> own_products = true;

class OwnProducts {
public:
    bool on = true;

    /// A node is about to run. Must it be shown once it has?
    bool before(ggml_tensor* node);
    /// The node has run, or was skipped.
    void after(ggml_tensor* node, int threads);
    [[nodiscard]] bool is_running(const ggml_tensor* node) const { return node == running_; }
    /// The pass has ended, perhaps between the two.
    void restore() {
        skipped_.restore();
        running_ = nullptr;
    }

private:
    const ggml_tensor* running_ = nullptr;
    SkippedNodes skipped_;
    QuantizedProduct quantized_;
};

}  // namespace llmx::engine
