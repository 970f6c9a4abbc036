#pragma once
// Pieces of what commands print for a reader.

#include <ostream>
#include <string>

namespace llmx::cli {

/// A line of its own, bold where there are colours.
void title(std::ostream& out, const std::string& text, bool color);

/// A token in one line, in quotes: newlines and tabs as pictures.
std::string cell(const std::string& token);

}  // namespace llmx::cli
