#pragma once
// Counts of what costs time, for tests and benchmarks: how often a model is run says more than a clock.

#include <atomic>
#include <cstdint>

namespace llmx {

struct Work {
    /// Runs of a model: calls of llama.cpp that compute. An encoder-decoder takes two for a text, and a text
    /// in micro-batches one for each of them. Writing an answer is not counted.
    std::atomic<std::int64_t> passes{0};
    std::atomic<std::int64_t> reverse_passes{0};  ///< that have come to the pass's first node
};

/// Of this process.
Work& work();

}  // namespace llmx
