#pragma once
// Running tokens through a model while watching the nodes of the pass.

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <llmx/model.hpp>
#include "engine/graph.hpp"

namespace llmx::engine {

/// What a watcher of a pass sees of a tensor's memory; valid inside the callback only.
struct TensorBytes {
    const void* data = nullptr;
    std::size_t bytes = 0;
};

/// Watches a pass. Node numbers are positions in Graph::nodes.
class Watcher {
public:
    virtual ~Watcher() = default;
    /// Should `computed` be called for this node?
    [[nodiscard]] virtual bool wants(int node) const = 0;
    /// The node is about to run: the pass's inputs, and memory that no node has written yet, are as
    /// they were before the pass. Other values may still be missing.
    virtual void before(int node) = 0;
    /// The node's result and everything it read is in memory. Return false to end the pass here.
    virtual bool computed(int node) = 0;
};

/// A context of one model for replays of at most `max_tokens` tokens, of which `max_outputs` give
/// logits, in one micro-batch. Throws Error{unsupported} for a model that is no causal decoder.
class Session {
public:
    Session(const Model& model, int max_tokens, int max_outputs);
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    [[nodiscard]] const Model& model() const;
    [[nodiscard]] int max_tokens() const;
    [[nodiscard]] int max_outputs() const;

    /// The graph that `run` would execute, without executing it. `outputs`: positions whose logits
    /// are wanted, ascending.
    Graph plan(std::span<const Token> ids, std::span<const int> outputs);

    /// Runs the pass from an empty memory. With a watcher, `graph` must be `plan`'s answer for the
    /// same arguments; a pass that differs from it throws Error{internal}. Returns false where the
    /// watcher ended the pass.
    bool run(std::span<const Token> ids, std::span<const int> outputs, const Graph* graph = nullptr,
             Watcher* watcher = nullptr);

    /// Logits of the i-th output of the last complete run, [vocabulary]; valid until the next run.
    [[nodiscard]] std::span<const float> logits(int output) const;

    /// A tensor's own memory, whole storage roots only. Inside a watcher's `computed`, for a tensor
    /// that is a node up to the present one, or a source of one.
    [[nodiscard]] TensorBytes bytes(int tensor) const;

    /// Inside a watcher's `computed`: gives the node that was just computed another value, float32, one
    /// number an element; the rest of the pass goes on from it. Throws Error{internal} for another type
    /// or another size.
    void overwrite(int tensor, std::span<const float> values);

    /// Polled during a watched pass with the part of its nodes that has run; false ends it with
    /// Error{cancelled}.
    void set_progress(std::function<bool(double done)> progress);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Writes rows [first, last) of a weight as float32, contiguous [last - first, shape[3]]; rows are
/// counted through all batches.
void dequantize_rows(const TensorInfo& weight, std::int64_t first, std::int64_t last, float* out);

/// The weight's own memory where it is contiguous float32 already, else nullptr.
const float* float32_data(const TensorInfo& weight);

/// `count` elements of a half-precision, bfloat16 or float32 array as float32. Throws for other types.
void to_float32(const void* data, const std::string& type, std::int64_t count, float* out);

/// Reads one row per id of the model's token-embedding table, before any scale: [ids, embedding].
/// `graph`: any plan of this model.
Tensor embedding_rows(const Graph& graph, std::span<const Token> ids);

}  // namespace llmx::engine
