#pragma once
// The graph of a pass, as plain values: what the evaluation callback shows of each tensor,
// with ggml's reversed extents turned into row-major order once, here.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace llmx::engine {

enum class TensorRole {
    node,    ///< computed in the pass
    weight,  ///< a parameter of the model
    input,   ///< token ids, positions, masks, ...: set before the pass
    state,   ///< memory that outlives a pass: KV cache, recurrent state
};

/// One tensor. `shape` and `strides` (in elements of `type`) are row-major, always four of them:
/// shape[3] is the row's length, shape[2] the number of rows, shape[1] and shape[0] batches.
struct TensorInfo {
    int id = -1;
    std::string name;
    std::string op;    ///< ggml's name: "MUL_MAT", ...; "NONE" for a leaf
    std::string kind;  ///< of UNARY and GLU: "SILU", "SWIGLU", ...
    std::string type;  ///< ggml's name: "f32", "q4_1", ...
    TensorRole role = TensorRole::node;
    std::array<std::int64_t, 4> shape{};
    std::array<std::int64_t, 4> strides{};
    std::array<std::int32_t, 16> params{};  ///< ggml's op_params, bit for bit
    std::vector<int> sources;               ///< tensor ids, -1 if absent
    int root = -1;                          ///< the tensor whose storage this one is a window into
    std::int64_t offset = 0;                ///< of the window in the root, in elements
    int order = -1;                         ///< position among the executed nodes; -1 for a leaf
    const void* handle = nullptr;           ///< identity inside the engine
    const void* data = nullptr;  ///< a weight's bytes in this machine's memory; nullptr: a server has them

    [[nodiscard]] std::int64_t elements() const { return shape[0] * shape[1] * shape[2] * shape[3]; }
    [[nodiscard]] bool is_root() const { return root == id; }
};

/// One of the llama.cpp passes that a graph is made of. Rows are the input's tokens, counted through all
/// sub-passes: an encoder-decoder's source, then the text.
struct SubPass {
    bool encodes = false;  ///< attends in both directions
    int first_node = 0;    ///< nodes [first_node, last_node)
    int last_node = 0;
    int first_row = 0;  ///< rows [first_row, first_row + rows)
    int rows = 0;
    std::vector<int> outputs;     ///< rows whose result is computed, ascending
    std::vector<int> embeddings;  ///< tensors: nodes that read the token-embedding table, [rows, embedding]
    int result = -1;              ///< tensor: logits [outputs, vocabulary] or hidden states [outputs, width]

    /// The rows that a tensor with `count` of them represents: all, or the outputs (the last block may be
    /// computed for these only). Throws Error{internal} for another count.
    [[nodiscard]] std::vector<int> rows_of(std::int64_t count) const;
};

/// All tensors that a pass touches. `nodes` are tensor ids in order of execution. Weights and memory have
/// one identity through all sub-passes, and an encoder's result is the tensor that a decoder reads.
struct Graph {
    std::vector<TensorInfo> tensors;
    std::vector<int> nodes;
    std::vector<SubPass> passes;

    [[nodiscard]] const TensorInfo& at(int id) const { return tensors[static_cast<std::size_t>(id)]; }
    /// The sub-pass of a node, by its index in `nodes`.
    [[nodiscard]] const SubPass& pass_of(int node) const;
};

/// VIEW, RESHAPE, PERMUTE, TRANSPOSE: the node only names a window and computes nothing.
bool is_window(const TensorInfo& tensor);

/// "a [2, 3, 4] MUL_MAT node kq-3": for messages.
std::string describe(const TensorInfo& tensor);

}  // namespace llmx::engine
