#pragma once
// Texts as a prefix tree, cut into paths, so that no prefix is computed twice.

#include <span>
#include <vector>

#include "engine/pass/pass.hpp"

namespace llmx::engine {

/// One text from the point where it leaves another one's path. At a fork, a path continues into the branch
/// with the most texts, so paths nest at most log2(texts) deep.
struct PrefixPath {
    std::size_t text = 0;
    int from = 0;  ///< tokens [from, to) of the text belong to this path; those before to its parent
    int to = 0;    ///< one past the text's last output; later tokens are not needed
    std::vector<int> outputs;  ///< positions in [from, to) needed by this text or a branch's, ascending
    std::vector<PrefixPath> branches;  ///< the paths that leave this one, deepest first
};

/// Of at least one text. Every node of the tree is in one path; texts that are equal are branches without
/// tokens.
PrefixPath prefix_paths(std::span<const PassInput* const> texts);

/// Tokens of a path and all its branches: the nodes of the tree.
std::int64_t count_tokens(const PrefixPath& path);

}  // namespace llmx::engine
