#pragma once

#include <llmx/result.hpp>
#include <ostream>
#include <string>

namespace llmx::cli {

/// "document 2 (prices.txt), line 3".
std::string place_of(const WhyPassage& passage);

/// The answer sentence by sentence, with the numbers of the passages that each rests on, and these passages.
void print_why(std::ostream& out, const Explanation& result, bool color);

}  // namespace llmx::cli
