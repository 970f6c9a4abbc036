#pragma once
// Attention of a pass, computed in ggml's place: ggml's takes the whole square of queries and keys, masked or
// not, and writes its matrices to memory.

#include <ggml.h>

#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/pass/attention.hpp"

namespace llmx::engine {

class Watcher;

/// Turns nodes of a running pass into ones that compute nothing, until `restore`.
class SkippedNodes {
public:
    void skip(ggml_tensor* node);
    /// llama.cpp may use the graph again.
    void restore();

private:
    std::vector<std::pair<ggml_tensor*, ggml_op>> nodes_;
};

class OwnAttention {
public:
    OwnAttention() = default;
    /// Of the graph's attention, what can be joined in one step on float32 values in this machine's memory,
    /// and of which `watcher` wants no other node than the last.
    OwnAttention(const Graph& graph, const Watcher& watcher);

    /// A node is about to run. Must it be shown once it has?
    bool before(int node, ggml_tensor* tensor);
    /// The node has run, or was skipped.
    void after(int node, ggml_tensor* tensor, int threads);
    void restore() { skipped_.restore(); }

private:
    /// The nodes of one attention as they pass by.
    struct Running {
        const JoinedAttention* joined = nullptr;
        ggml_tensor* product = nullptr;
        ggml_tensor* soft_max = nullptr;
    };

    std::vector<JoinedAttention> all_;
    std::unordered_map<int, const JoinedAttention*> by_node_;  // order of any of its nodes
    Running running_;
    SkippedNodes skipped_;
    std::vector<float> result_;  // the output's memory may be that of the queries
};

}  // namespace llmx::engine
