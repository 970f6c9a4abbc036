#pragma once
// What a graph shows of a model's attention and memory, and whether its softmax rows are what they
// should be.

#include <string>
#include <vector>

#include "probe.hpp"

namespace llmx::test {

/// Read from every SOFT_MAX with a mask. Rows sum to one, with sinks to at most one.
struct AttentionCheck {
    int softmaxes = 0;
    double worst_row = 0;  ///< largest |sum - 1|, with sinks the largest excess over 1
    bool sinks = false;
    bool looks_ahead = false;  ///< some query sees a later key
    bool windowed = false;     ///< in some layer no query sees all earlier keys
};
AttentionCheck check_attention(Probe& probe);

/// Words for the page: "softmax", "sliding window", "state space", ...
std::vector<std::string> traits(const engine::Graph& graph, const AttentionCheck& attention);

}  // namespace llmx::test
