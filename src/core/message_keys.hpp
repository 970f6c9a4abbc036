#pragma once
// Request keys in messages. They are written in backticks, `max_new_tokens`, so that a program can spell them
// the way its users do.

#include <string_view>
#include <vector>

namespace llmx {

/// The keys in a message, in order: views into it, without their backticks. A key is a name in snake_case; an
/// index behind it, `messages[0]`, is not part of it. Text in double quotes is the user's and contains none.
std::vector<std::string_view> keys_in(std::string_view message);

}  // namespace llmx
