#pragma once
// Turns the tensors that llama.cpp's callback shows into a Graph, one sub-pass after another.

#include <ggml.h>

#include <set>
#include <unordered_map>

#include "engine/pass/graph.hpp"

namespace llmx::engine {

/// The node reads rows of the token-embedding table.
bool reads_token_table(const ggml_tensor* tensor);

class LocalWeights;

class GraphBuilder {
public:
    /// `local`: where weights that a server has are read instead; may be nullptr.
    explicit GraphBuilder(Graph& graph, const LocalWeights* local = nullptr) : graph_(graph), local_(local) {}

    /// `pass` says what is read and what is wanted; its nodes follow.
    void begin(SubPass pass);
    /// Throws Error{unsupported} for a node that writes to memory of which another back end has a copy.
    /// Where a pass runs on several back ends, the nodes before it have been computed as far as it reads them
    /// on another one.
    void add_node(const ggml_tensor* tensor);
    /// Finds the sub-pass's result: its logits, or the last hidden state of this width. Throws
    /// Error{unsupported} where the graph has none.
    void end(bool logits, std::int64_t hidden_width);

private:
    int add(const ggml_tensor* tensor);
    void link_to_encoder(TensorInfo& info);
    int original_of(const ggml_tensor* copy, const TensorInfo& info);

    Graph& graph_;
    const LocalWeights* local_;
    std::unordered_map<const ggml_tensor*, int> ids_;
    std::set<int> copied_;  // roots of this pass of which there is a copy
    int encoded_ = -1;      // the encoder's result
    bool linked_ = false;
};

}  // namespace llmx::engine
