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
    std::vector<int> outputs = {};  ///< positions in `ids` whose result is needed, ascending; may repeat
    std::vector<int> token_types = {};  ///< of each of `ids` (BERT's segments); empty: all 0
    /// Rows that no other token attends to: their keys are masked out, their positions kept.
    std::vector<int> hidden = {};
    Tensor embeddings =
        {};  ///< [rows, embedding], replacing the rows of the embedding table; empty: not replaced
    /// The first rows of the residual stream after a block, [some rows, width], replacing what the blocks up
    /// to it computed. The other rows stay.
    struct Residual {
        int block = -1;
        Tensor rows = {};
    } residual = {};

    [[nodiscard]] int rows() const { return static_cast<int>(source.size() + ids.size()); }
    /// The token of every row.
    [[nodiscard]] Tokens tokens() const;
};

/// The first token of an encoder-decoder's text.
Token decoder_start_token(const Model& model);

/// A watcher's view of a tensor's memory; valid inside the callback only.
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
    /// False for a node that is not to run: nobody reads what it leaves in memory, or `computed` sets that.
    [[nodiscard]] virtual bool runs(int node) const {
        static_cast<void>(node);
        return true;
    }
    /// The node is about to run. The pass's inputs, and memory that no node has written yet, are as before
    /// the pass; other values may be missing.
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

/// A context of one model for replays. A whole text is one graph: that of one llama.cpp pass, or of several
/// one after another (micro-batches that meet in the KV cache; encoder, then decoder).
class Session {
public:
    /// Throws Error{unsupported} for a model that is not a language model by itself, and for micro-batches of
    /// an encoder, which must read its text at once.
    Session(const Model& model, SessionSize size);
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    [[nodiscard]] const Model& model() const;
    [[nodiscard]] const SessionSize& size() const;

    /// Sets the threads of the passes from now on; initially the model's.
    void set_threads(int threads);
    [[nodiscard]] int threads() const;

    /// The graph that `run` would execute. On servers it is executed for that.
    Graph plan(const PassInput& input);

    /// Runs the pass from an empty memory. Throws Error{unsupported} for hidden rows in a model that reads
    /// tokens by other means than masked attention.
    void run(const PassInput& input);
    /// The same, with ggml's own attention however long the text is: what passes of other contexts compute.
    void run_by_ggml(const PassInput& input);
    /// The same, watched. `graph` must be what `plan` returned for the same input; a pass that differs from
    /// it throws Error{internal}. Returns false if the watcher ended the pass.
    bool run(const PassInput& input, const Graph& graph, Watcher& watcher);

    /// True: results are logits [vocabulary]. False, for encoders: last hidden states [width].
    [[nodiscard]] bool gives_logits() const;
    /// Result of the i-th output of the last complete run; valid until the next run.
    [[nodiscard]] std::span<const float> result(int output) const;
    /// All of them, [outputs, width].
    [[nodiscard]] Tensor results() const;
    /// The results are the numbers in the graph's result nodes times this: see ModelImpl::logit_scale.
    [[nodiscard]] float result_scale() const;

    /// A tensor's own memory, or a copy of a server's that is valid until the next call; whole storage roots
    /// only. Only inside a watcher's `computed`, for a node up to the current one, or a source of one.
    [[nodiscard]] TensorBytes bytes(int tensor) const;

    /// Lets `edit` change the values of a node or of memory for the rest of the pass. Only inside a watcher's
    /// `computed`, for the current node or an earlier one, and for whole storage roots of float32. Throws
    /// Error{internal} for anything else.
    void change(int tensor, const std::function<void(std::span<float>)>& edit);

    /// Can a watcher keep nodes from running? Not on servers.
    [[nodiscard]] bool can_skip() const;

    /// Sets a callback that is polled during a pass with the fraction of its nodes that has run (0 without a
    /// watcher). If it returns false, the pass throws Error{cancelled}; if it throws, the pass throws the
    /// same. Returns the previous callback.
    std::function<bool(double)> set_progress(std::function<bool(double done)> progress);
    /// Asks that callback, at most every few milliseconds, during work on what a pass has left. Throws
    /// Error{cancelled} if it returns false.
    void go_on();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Writes rows [first, last) of a weight as float32, contiguous [last - first, shape[3]]; rows are
/// counted through all batches.
void dequantize_rows(const TensorInfo& weight, std::int64_t first, std::int64_t last, float* out);

/// The weight's memory if it is contiguous float32 on this machine; else nullptr.
const float* float32_data(const TensorInfo& weight);

/// `count` elements of a half-precision, bfloat16 or float32 array as float32. Throws for other types.
void to_float32(const void* data, const std::string& type, std::int64_t count, float* out);

/// Reads one row per id of the model's token-embedding table, before any scale: [ids, embedding].
/// `graph`: any plan of this model.
Tensor embedding_rows(const Graph& graph, std::span<const Token> ids);

/// The mean of all rows of that table, [1, embedding].
Tensor mean_embedding(const Graph& graph);

}  // namespace llmx::engine
