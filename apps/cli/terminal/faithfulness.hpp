#pragma once
// The numbers of faithfulness for a reader at a terminal.

#include <llmx/result.hpp>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace llmx::cli {

/// A method's name and what was measured of its map.
using Measured = std::pair<std::string, Faithfulness>;

/// Every map of the result whose faithfulness was measured, in the order of methods.
std::vector<Measured> measured(const Explanation& result);

/// A small table of them; nothing where nothing was measured.
void print_faithfulness(std::ostream& out, const Explanation& result, bool color);

/// Lines of cells, the first one the heading, in columns as wide as they need: the first to the left, the
/// rest to the right.
void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& lines, bool color);

}  // namespace llmx::cli
