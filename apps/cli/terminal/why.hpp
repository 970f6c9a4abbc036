#pragma once

#include <llmx/result.hpp>
#include <ostream>

namespace llmx::cli {

/// The answer sentence by sentence, with the numbers of the passages that each rests on, and these passages.
void print_why(std::ostream& out, const Explanation& result, bool color);

}  // namespace llmx::cli
