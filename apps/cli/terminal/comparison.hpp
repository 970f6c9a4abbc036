#pragma once
// Comparisons as text and as JSON, for compare and drift.

#include <llmx/compare.hpp>
#include <nlohmann/json_fwd.hpp>
#include <ostream>

namespace llmx::cli {

/// One comparison: a line of its numbers and, `differences`, a table of the units that differ most.
void print_comparison(std::ostream& out, const Comparison& comparison, bool differences, bool color);

/// Undefined correlations are null.
nlohmann::ordered_json comparison_json(const Comparison& comparison);

}  // namespace llmx::cli
