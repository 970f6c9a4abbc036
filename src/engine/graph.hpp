#pragma once
// The graph of one llama.cpp pass, as plain values: what the evaluation callback shows of each tensor,
// with ggml's reversed extents turned into row-major order once, here.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
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
    std::vector<int> sources;               ///< tensor ids, -1 where absent
    int root = -1;                          ///< the tensor whose storage this one is a window into
    std::int64_t offset = 0;                ///< of the window in the root, in elements
    int order = -1;                         ///< position among the executed nodes; -1 for a leaf
    const void* handle = nullptr;           ///< identity inside the engine

    [[nodiscard]] std::int64_t elements() const { return shape[0] * shape[1] * shape[2] * shape[3]; }
    [[nodiscard]] bool is_root() const { return root == id; }
};

/// All tensors that one pass touches. `nodes` are tensor ids in order of execution.
struct Graph {
    std::vector<TensorInfo> tensors;
    std::vector<int> nodes;

    [[nodiscard]] const TensorInfo& at(int id) const { return tensors[static_cast<std::size_t>(id)]; }
    /// The id of the last node with this name, or -1.
    [[nodiscard]] int find(std::string_view name) const;
};

/// "a [2, 3, 4] MUL_MAT node kq-3": for messages.
std::string describe(const TensorInfo& tensor);

/// The block of a node or weight by its name ("kq_soft_max-3", "blk.3.attn_q.weight"), or -1.
int block_of(std::string_view name);

}  // namespace llmx::engine
