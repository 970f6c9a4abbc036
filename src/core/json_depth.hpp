#pragma once

#include <string_view>

namespace llmx {

/// True if objects and arrays are nested more than `most` levels deep; recursive code must not get such a
/// text. Does not check that the text is JSON.
bool nested_deeper_than(std::string_view json, int most);

}  // namespace llmx
