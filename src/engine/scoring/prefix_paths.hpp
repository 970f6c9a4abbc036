#pragma once
// Texts as a tree of their prefixes, cut into paths: what to compute so that no prefix is computed twice.

#include <span>
#include <vector>

#include "engine/pass/pass.hpp"

namespace llmx::engine {

/// One text from where it leaves another one's path. A path goes on, wherever the tree forks, into the branch
/// that has the most texts: so paths hang off each other at most log2(texts) deep.
struct PrefixPath {
    std::size_t text = 0;
    int from = 0;  ///< tokens [from, to) of the text stand here; those before are the parent's
    int to = 0;    ///< one past the text's last output: what comes later predicts nothing that is wanted
    std::vector<int> outputs;  ///< positions in [from, to) that this or a branch's text wants, ascending
    std::vector<PrefixPath> branches;  ///< that leave this path, deepest first
};

/// Of at least one text. Every node of the tree is in one path; texts that are equal are branches without
/// tokens.
PrefixPath prefix_paths(std::span<const PassInput* const> texts);

/// Tokens of a path and all its branches: the nodes of the tree.
std::int64_t count_tokens(const PrefixPath& path);

}  // namespace llmx::engine
