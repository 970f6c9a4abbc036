#pragma once
// Which node last wrote a piece of storage: operations write in place and KV caches are written many
// times, so "the value of a tensor" means nothing without saying when.

#include <compare>
#include <vector>

#include "engine/pass/graph.hpp"

namespace llmx::tape {

/// A storage root as one node left it.
struct ValueKey {
    int root = -1;     ///< tensor id
    int version = -1;  ///< order of the node that last wrote it; -1: as it was before the pass

    friend auto operator<=>(const ValueKey&, const ValueKey&) = default;
};

class Lineage {
public:
    explicit Lineage(const engine::Graph& graph);

    /// What node number `reader` reads as `tensor`.
    [[nodiscard]] ValueKey read_by(int tensor, int reader) const;
    /// What the node writes.
    [[nodiscard]] ValueKey written_by(int node) const;

private:
    const engine::Graph& graph_;
    std::vector<std::vector<int>> writers_;  // by root: orders of the nodes that write it, ascending
};

}  // namespace llmx::tape
