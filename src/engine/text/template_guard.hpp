#pragma once
// A chat template with endless recursion in its macros would overflow llama.cpp's stack.

#include <string>
#include <string_view>

namespace llmx::engine {

/// `source` with a counter in every macro that may call itself, directly or not, so that it raises the
/// template's own exception at a depth of 200 calls; its output is the same. Other templates are returned
/// unchanged.
std::string guard_recursion(std::string_view source);

}  // namespace llmx::engine
