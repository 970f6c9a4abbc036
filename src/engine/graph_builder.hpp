#pragma once
// Turns the tensors that llama.cpp's callback shows into a Graph, one sub-pass after another.

#include <ggml.h>

#include <unordered_map>

#include "engine/graph.hpp"

namespace llmx::engine {

/// The node reads rows of the token-embedding table.
bool reads_token_table(const ggml_tensor* tensor);

class GraphBuilder {
public:
    explicit GraphBuilder(Graph& graph) : graph_(graph) {}

    /// `pass` says what is read and what is wanted; its nodes follow.
    void begin(SubPass pass);
    void add_node(const ggml_tensor* tensor);
    /// Finds the sub-pass's result: its logits, or the last hidden state of this width. Throws
    /// Error{unsupported} where the graph has none.
    void end(bool logits, std::int64_t hidden_width);

private:
    int add(const ggml_tensor* tensor);
    void link_to_encoder(TensorInfo& info);

    Graph& graph_;
    std::unordered_map<const ggml_tensor*, int> ids_;
    int encoded_ = -1;  // the encoder's result
    bool linked_ = false;
};

}  // namespace llmx::engine
