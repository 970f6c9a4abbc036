#pragma once
// The original's pair_result (definitions 1.1): attention between prompt tokens from the outputs of the
// query and key modules of one block, before rotary embedding.

#include <llmx/explainer.hpp>
#include <string>
#include <vector>

#include "tape/tape.hpp"

namespace llmx::method {

/// Where a query or key matrix is on the tape: columns [column, column + columns) of a value.
struct PairPart {
    int node = -1;    ///< the value is there once this node has run
    int tensor = -1;  ///< whose window the value has
    tape::ValueKey key;
    std::int64_t column = 0;
    std::int64_t columns = 0;
};

struct PairSite {
    int block = 0;
    std::int64_t head_size = 0;
    PairPart query, key;
};

struct PairOptions {
    std::vector<std::string> layer_names;  ///< patterns of the query, key and value modules
    bool is_input = false;
    bool strict = false;
};

/// The first block in which all three patterns select a module. A fused module is split by the model's
/// head sizes. Throws Error{usage} naming what does not fit.
PairSite find_pair(const engine::Graph& graph, const std::vector<Module>& modules, const ModelFacts& facts,
                   const PairOptions& options);

/// Fills `attention` and `attention_mean`, [prompt] each.
void compute_pair(const tape::Tape& tape, const PairSite& site, int prompt, int threads, PairResult& result);

}  // namespace llmx::method
