#pragma once
// Attention of the targets' rows, averaged over heads, then over blocks, where each weight may count by
// something of its key.

#include "method/attention/layers.hpp"
#include "method/definition.hpp"

namespace llmx::method {

/// `layer`, `head`: which of them; -1: the mean over all.
std::vector<Option> attention_mean_options();

/// What each key's weight counts by.
struct KeyFactors {
    std::vector<int> at;  ///< of each part: the node from which on `needs` are on the tape
    std::vector<replay::RequiredValue> needs;
    std::function<Tensor(const tape::Tape& tape, std::size_t part)> of;  ///< [heads, rows]
};

/// Throws Error{usage} for a block or head that is not there.
Scores attention_mean(AttentionLayers& attention, const Options& options,
                      const KeyFactors* factors = nullptr);

}  // namespace llmx::method
