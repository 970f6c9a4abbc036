#pragma once
// A chat template whose macros call each other without end would overflow llama.cpp's stack.

#include <string>
#include <string_view>

namespace llmx::engine {

/// `source` with a counter in every macro that may come to call itself, so that it ends in the template's
/// own exception once it is 200 calls deep; what it renders to is the same. Other templates come back as
/// they are.
std::string guard_recursion(std::string_view source);

}  // namespace llmx::engine
