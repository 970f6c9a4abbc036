#pragma once
// The original's pair_result (definitions 1.1): attention between prompt tokens from the outputs of the
// query and key modules of one block, before rotary embedding.

#include <llmx/result.hpp>
#include <string>
#include <vector>

#include "replay/replay.hpp"

namespace llmx::original {

struct PairOptions {
    std::vector<std::string> layer_names;  ///< patterns of the query, key and value modules
    bool is_input = false;
    bool strict = false;
};

class OriginalPairScores {
public:
    /// Takes the first block in which all three patterns select a module; of an encoder-decoder, one of the
    /// encoder. A fused module is split by the model's head sizes. Rows: the replay's first `prompt`.
    /// Throws Error{usage} naming what does not fit.
    OriginalPairScores(const engine::Graph& graph, const std::vector<Module>& modules,
                       const ModelFacts& facts, const PairOptions& options, int prompt);

    [[nodiscard]] std::vector<replay::RequiredValue> needs() const;
    /// Takes from a piece of the tape what lies in it. Call for every piece.
    void read(const tape::Tape& tape, int first, int last);
    /// After all pieces.
    [[nodiscard]] PairResult finish(int threads) const;

private:
    /// The query or key rows of one sub-pass: columns [column, column + columns) of a value.
    struct Part {
        int node = -1;    ///< the value is there once this node has run
        int tensor = -1;  ///< whose window the value has
        tape::ValueKey key;
        std::int64_t column = 0;
    };
    /// The queries, or the keys, of the prompt.
    struct Side {
        std::vector<Part> parts;
        std::int64_t columns = 0;
        std::vector<float> rows;  ///< [prompt, columns]
    };
    Side side_of(const Module& module, const ModelFacts& facts, bool is_input, bool fused, int which) const;
    void read(const tape::Tape& tape, int first, int last, Side& side) const;
    [[nodiscard]] std::vector<float> repeated(const Side& side) const;

    const engine::Graph& graph_;
    int prompt_;
    int block_ = 0;
    std::int64_t head_size_ = 0;
    Side query_, key_;
};

}  // namespace llmx::original
