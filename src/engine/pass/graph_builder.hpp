#pragma once
// Turns the tensors that llama.cpp's callback shows into a Graph, one sub-pass after another.

#include <ggml.h>

#include <set>
#include <unordered_map>

#include "engine/pass/graph.hpp"

namespace llmx::engine {

/// The node reads rows of the token-embedding table.
bool reads_token_table(const ggml_tensor* tensor);

class MappedWeights;

class GraphBuilder {
public:
    /// `local`: local copies of the weights that are on servers; may be nullptr.
    explicit GraphBuilder(Graph& graph, const MappedWeights* mapped = nullptr)
        : graph_(graph), mapped_(mapped) {}

    /// `pass` says what is read and which outputs are computed; its nodes follow.
    void begin(SubPass pass);
    /// Throws Error{unsupported} for a node that writes to memory of which another back end has a copy.
    /// If a pass runs on several back ends, the nodes that it reads on another one have been computed.
    void add_node(const ggml_tensor* tensor);
    /// Finds the sub-pass's result: its logits, or the last hidden state of this width. Throws
    /// Error{unsupported} if the graph has none.
    void end(bool logits, std::int64_t hidden_width);

private:
    int add(const ggml_tensor* tensor);
    void link_to_encoder(TensorInfo& info);
    int original_of(const ggml_tensor* copy, const TensorInfo& info);

    Graph& graph_;
    const MappedWeights* mapped_;
    std::unordered_map<const ggml_tensor*, int> ids_;
    std::set<int> copied_;  // roots of this pass of which there is a copy
    int encoded_ = -1;      // the encoder's result
    bool linked_ = false;
};

}  // namespace llmx::engine
