#pragma once
// Nodes that do not compute.

#include <ggml.h>

#include <utility>
#include <vector>

namespace llmx::engine {

/// Turns nodes of a running pass into ones that compute nothing, until `restore`.
class SkippedNodes {
public:
    void skip(ggml_tensor* node);
    /// llama.cpp may use the graph again.
    void restore();

private:
    std::vector<std::pair<ggml_tensor*, ggml_op>> nodes_;
};

}  // namespace llmx::engine
