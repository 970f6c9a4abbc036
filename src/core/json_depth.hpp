#pragma once

#include <string_view>

namespace llmx {

/// True where objects and arrays stand within each other more than `most` deep. Recursive code must not see
/// such a text; whether it is JSON at all is not asked.
bool nested_deeper_than(std::string_view json, int most);

}  // namespace llmx
