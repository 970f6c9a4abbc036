#pragma once
// Running tokens through a model while watching the nodes of the pass.

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <llmx/model.hpp>
#include "engine/pass/graph.hpp"

namespace llmx::engine {

/// What a pass reads. Its tokens are counted in rows: those of `source`, then those of `ids`.
struct PassInput {
    Tokens source = {};             ///< what an encoder-decoder's encoder reads; empty for every other model
    Tokens ids = {};                ///< the text; an encoder-decoder's begins with decoder_start_token
    std::vector<int> outputs = {};  ///< positions in `ids` whose result is wanted, ascending; may come twice
    std::vector<int> token_types = {};  ///< of each of `ids` (BERT's segments); empty: all 0
    /// Rows that no other token attends to: their keys are masked out, positions stay.
    std::vector<int> hidden = {};
    Tensor embeddings = {};  ///< [rows, embedding]: taken instead of the embedding table's rows; empty: those
    /// Rows of the residual stream after a block, from the pass's first row on: taken instead of what the
    /// blocks up to it give, [some rows, width]. The rows behind them stay.
    struct Residual {
        int block = -1;
        Tensor rows = {};
    } residual = {};

    [[nodiscard]] int rows() const { return static_cast<int>(source.size() + ids.size()); }
    /// The token of every row.
    [[nodiscard]] Tokens tokens() const;
};

/// The token that an encoder-decoder's text begins with.
Token decoder_start_token(const Model& model);

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

/// How much a session holds.
struct SessionSize {
    int tokens = 0;       ///< of PassInput::ids
    int outputs = 0;      ///< of PassInput::outputs
    int source = 0;       ///< of PassInput::source
    int micro_batch = 0;  ///< tokens of the text that are run at a time; 0: all
};

/// A context of one model for replays. The whole of a text is one graph: that of one llama.cpp pass, or
/// of several one after another (micro-batches that meet in the KV cache; encoder, then decoder).
class Session {
public:
    /// Throws Error{unsupported} for a model that is no language model by itself, and for micro-batches
    /// of an encoder, which must see its text at once.
    Session(const Model& model, SessionSize size);
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    [[nodiscard]] const Model& model() const;
    [[nodiscard]] const SessionSize& size() const;

    /// Threads of the passes from now on; at first the model's.
    void set_threads(int threads);

    /// The graph that `run` would execute. Of several passes all but the last are executed, on servers all.
    Graph plan(const PassInput& input);

    /// Runs the pass from an empty memory. With a watcher, `graph` must be `plan`'s answer for the
    /// same input; a pass that differs from it throws Error{internal}. Returns false where the
    /// watcher ended the pass. Throws Error{unsupported} for hidden rows in a model that reads tokens by more
    /// than masked attention.
    bool run(const PassInput& input, const Graph* graph = nullptr, Watcher* watcher = nullptr);

    /// Are results logits [vocabulary], or, for encoders, last hidden states [width]?
    [[nodiscard]] bool gives_logits() const;
    /// Result of the i-th output of the last complete run; valid until the next run.
    [[nodiscard]] std::span<const float> result(int output) const;
    /// All of them, [outputs, width].
    [[nodiscard]] Tensor results() const;
    /// The results are the numbers in the graph's result nodes times this: see ModelImpl::logit_scale.
    [[nodiscard]] float result_scale() const;

    /// A tensor's own memory, or a copy of a server's until the next call; whole storage roots only. Inside
    /// a watcher's `computed`, for a tensor that is a node up to the present one, or a source of one.
    [[nodiscard]] TensorBytes bytes(int tensor) const;

    /// `edit` gets a node's values and changes what the rest of the pass reads of it. Inside a watcher's
    /// `computed`, for the present node or an earlier one, whole storage roots of float32 only. Throws
    /// Error{internal} for anything else.
    void change(int tensor, const std::function<void(std::span<float>)>& edit);

    /// Polled during a pass with the part of its nodes that has run (0 where nobody watches); false ends it
    /// with Error{cancelled}, and so does what it throws, with that. Returns the one that was set before.
    std::function<bool(double)> set_progress(std::function<bool(double done)> progress);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Writes rows [first, last) of a weight as float32, contiguous [last - first, shape[3]]; rows are
/// counted through all batches.
void dequantize_rows(const TensorInfo& weight, std::int64_t first, std::int64_t last, float* out);

/// The weight's memory where it is contiguous float32 already, on this machine; else nullptr.
const float* float32_data(const TensorInfo& weight);

/// `count` elements of a half-precision, bfloat16 or float32 array as float32. Throws for other types.
void to_float32(const void* data, const std::string& type, std::int64_t count, float* out);

/// Reads one row per id of the model's token-embedding table, before any scale: [ids, embedding].
/// `graph`: any plan of this model.
Tensor embedding_rows(const Graph& graph, std::span<const Token> ids);

/// The mean of all rows of that table, [1, embedding].
Tensor mean_embedding(const Graph& graph);

}  // namespace llmx::engine
