#pragma once

#include <string>
#include <vector>

namespace llmx {

/// "0 to 3, 5" for the ascending numbers 0, 1, 2, 3, 5: for messages.
std::string ranges(const std::vector<int>& numbers);

}  // namespace llmx
