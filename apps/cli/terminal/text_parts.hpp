#pragma once
// Pieces of what commands print for a reader.

#include <ostream>
#include <string>
#include <vector>

namespace llmx::cli {

/// A line of its own, bold where there are colours.
void title(std::ostream& out, const std::string& text, bool color);

/// A token in one line, in quotes: newlines and tabs as pictures.
std::string cell(const std::string& token);

/// A text as one line: white space as single spaces, none at either end; safe for a terminal.
std::string in_one_line(const std::string& text);

/// Columns of a terminal: bytes that begin a character.
std::size_t width(const std::string& text);

/// The size that gets the strongest colour: the largest, or the second largest if one alone is more than
/// three times as large, as the first token of a prompt often is.
double strongest(std::vector<double> sizes);

}  // namespace llmx::cli
