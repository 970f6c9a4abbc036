#pragma once
// Matches the units of two lists.

#include <llmx/result.hpp>
#include <utility>
#include <vector>

namespace llmx::align {

/// Indices into the two lists.
using Matches = std::vector<std::pair<std::size_t, std::size_t>>;

/// Pairs each unit with the one at the same index. Throws Error{input} naming the first two that differ.
Matches one_to_one(const std::vector<Unit>& first, const std::vector<Unit>& second);

/// A longest common subsequence of the units' texts, ignoring blanks at their ends; blank units match
/// nothing.
Matches by_text(const std::vector<Unit>& first, const std::vector<Unit>& second);

}  // namespace llmx::align
