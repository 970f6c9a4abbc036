#pragma once
// Units in a tree: of documents, their paragraphs, their sentences.

#include <cstddef>
#include <span>
#include <vector>

namespace llmx::method {

struct Tree {
    struct Node {
        std::vector<std::size_t> units;     ///< ascending
        std::vector<std::size_t> children;  ///< nodes; none: the units cannot be told apart further
    };
    std::vector<Node> nodes;  ///< the first is all units
};

/// `levels`: groups of the units, coarsest first: for each unit the number of its group, in each level. A
/// group with more than `most_children` parts has their neighbours grouped first, so that no step of a walk
/// down costs more.
Tree tree_of(std::size_t units, std::span<const std::vector<int>> levels, std::size_t most_children);

}  // namespace llmx::method
