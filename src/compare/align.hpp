#pragma once
// Which units of two lists are the same.

#include <llmx/result.hpp>
#include <utility>
#include <vector>

namespace llmx::align {

/// Places in the two lists.
using Matches = std::vector<std::pair<std::size_t, std::size_t>>;

/// Every unit with the one at its place. Throws Error{input} that names the first two that differ.
Matches one_to_one(const std::vector<Unit>& first, const std::vector<Unit>& second);

/// A longest common subsequence of the units' texts, blanks at their ends aside; units of nothing but blanks
/// match nothing.
Matches by_text(const std::vector<Unit>& first, const std::vector<Unit>& second);

}  // namespace llmx::align
