#pragma once
// A pass cut into pieces, each of which keeps no more than a budget.
//
// Values that cross a cut are kept from the first run of the pass. A piece is then recorded by running only
// what leads from them to the values that it keeps (Chen et al. 2016: training deep nets with sublinear
// memory cost).

#include <cstddef>
#include <vector>

#include "tape/tape.hpp"

namespace llmx::replay {

/// A value that a method reads, and the node at which it does.
struct RequiredValue {
    int node = 0;
    tape::ValueKey key;
};

/// Nodes [first, last) of a pass, and what they read.
struct Piece {
    int first = 0;
    int last = 0;
    tape::Keeps keeps;
    tape::Keeps crossing;    ///< values of nodes before `first` from which `keeps` can be computed
    std::vector<bool> runs;  ///< the nodes that do
};

/// The last piece first; one, which keeps everything, where the budget (bytes; 0: none) holds that.
/// `in_parts`: whether a pass can be run in parts; otherwise pieces have no `crossing` and run every node.
/// Throws Error{input} where the budget does not hold what one node needs.
std::vector<Piece> cut(const engine::Graph& graph, const tape::Lineage& lineage,
                       std::vector<RequiredValue> needs, std::size_t budget, bool in_parts);

std::size_t bytes_of(const engine::Graph& graph, const tape::Keeps& keeps);

}  // namespace llmx::replay
