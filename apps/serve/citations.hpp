#pragma once
// What a result's `why` says, as annotations of a chat message.

#include <nlohmann/json.hpp>
#include <string>

namespace llmx::serve {

/// One for each sentence of the answer and each passage that it rests on: {"type": "citation", "start_index",
/// "end_index" (characters of the message), "text", "role", "part", "title", "lines", "strength", "p_value"}.
/// `result`: as JSON. Empty where it has no `why`.
nlohmann::ordered_json citations(const std::string& result);

}  // namespace llmx::serve
