#pragma once
// Text inside markup.

#include <string>
#include <string_view>

namespace llmx::view {

/// `text` as content or quoted attribute of HTML or XML: < > & " written as entities.
std::string markup_escaped(std::string_view text);

}  // namespace llmx::view
