#pragma once
// How much of a pass to record at a time, where nobody has said so.

#include <cstddef>
#include <cstdint>

#include "engine/pass/graph.hpp"

namespace llmx::replay {

/// Bytes of all that the largest node reads and writes: no piece can be smaller.
std::size_t largest_need(const engine::Graph& graph);

/// Pieces cost a second run of all but the attention. Where attention takes most of the pass's time, pieces
/// are small; else the values may take as much as the model about does (`weights`, bytes).
std::size_t automatic_budget(const engine::Graph& graph, std::uint64_t weights);

}  // namespace llmx::replay
