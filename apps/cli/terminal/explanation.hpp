#pragma once

#include <llmx/result.hpp>
#include <ostream>

namespace llmx::cli {

/// The explanation for a reader at a terminal: the prompt coloured by each method's scores, the
/// answer, and the tokens that matter most.
void print_explanation(std::ostream& out, const Explanation& result, bool color);

}  // namespace llmx::cli
