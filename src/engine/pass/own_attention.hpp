#pragma once
// Computes the attention of long texts in ggml's place. ggml computes the whole square of queries and keys,
// masked or not, and writes its matrices to memory.

#include <ggml.h>

#include <unordered_map>
#include <vector>

#include "engine/pass/attention.hpp"
#include "engine/pass/skipped_nodes.hpp"

namespace llmx::engine {

class Watcher;

/// The result is the same to the bit whoever watches: where the watcher wants an inner node, ggml computes
/// the inner nodes too, but the output still comes from here, unless somebody has changed the weights.
class OwnAttention {
public:
    OwnAttention() = default;
    OwnAttention(const Graph& graph, const Watcher& watcher);

    /// A node is about to run. Must it be shown once it has?
    bool before(int node, ggml_tensor* tensor);
    /// The node has run, or was skipped.
    void after(int node, ggml_tensor* tensor, int threads);
    /// Somebody has changed the values of a tensor of the graph.
    void changed(int tensor);
    void restore() { skipped_.restore(); }

private:
    struct Attention {
        JoinedAttention joined;
        int product = 0;       ///< node
        bool is_seen = false;  ///< the watcher wants an inner node
    };
    /// The attention whose nodes are running.
    struct Running {
        const Attention* attention = nullptr;
        const ggml_tensor* product = nullptr;
        const ggml_tensor* soft_max = nullptr;
        bool is_changed = false;
    };
    void attend(ggml_tensor* output, int threads);
    void keep_queries(const ggml_tensor* queries);

    std::vector<Attention> all_;
    std::unordered_map<int, const Attention*> by_node_;  // order of any of its nodes
    Running running_;
    SkippedNodes skipped_;
    std::vector<float>
        queries_;  // of an attention that is seen: ggml may reuse theirs once the product has run
    std::vector<float> result_;  // the output's memory may be that of the queries
};

}  // namespace llmx::engine
