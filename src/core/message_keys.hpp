#pragma once
// Request keys in messages: they are written in backticks, `max_new_tokens`, so that a program can spell
// them as its users do.

#include <string_view>
#include <vector>

namespace llmx {

/// The keys in a message, in order: parts of it, without their backticks. A key is a name in snake_case.
/// Texts in double quotes are the user's and hold none.
std::vector<std::string_view> keys_in(std::string_view message);

}  // namespace llmx
