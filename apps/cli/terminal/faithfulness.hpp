#pragma once
// The numbers of faithfulness for a reader at a terminal.

#include <llmx/result.hpp>
#include <ostream>
#include <string>
#include <vector>

namespace llmx::cli {

/// A small table of every map whose faithfulness was measured, in the order of methods, and one of those
/// whose plausibility was; nothing where nothing was measured.
void print_measured(std::ostream& out, const Explanation& result, bool color);

/// Lines of cells, the first one the heading, in columns as wide as they need: the first to the left, the
/// rest to the right.
void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& lines, bool color);

}  // namespace llmx::cli
