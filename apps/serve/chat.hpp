#pragma once
// POST /v1/chat/completions: its requests as those of the command line, and its answers.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "job.hpp"

namespace llmx::serve {

/// Keys that mean the same to the command line, with its names for them.
const std::map<std::string, std::string>& chat_keys();

struct ChatCall {
    JobSpec ask;
    bool usage_at_end = false;  ///< stream_options.include_usage
};

/// A wish for more tokens than the service allows is one for as many. Throws Error{usage} for what this
/// service does not do, and for what is no such request.
ChatCall read_chat(const std::string& body, int most_answer_tokens);

/// The answer's name and date, the same in all its parts.
struct ChatAnswer {
    std::string model, id;
    std::int64_t created = 0;
};

/// "chat.completion", of the result of a job; with `explanation` where one was asked for.
std::string chat_completion(const ChatAnswer& answer, const Event& result);
/// What stands behind "data: " for the answer's beginning, for a piece of its text, and (several) at its end.
std::string chat_chunk(const ChatAnswer& answer, const nlohmann::ordered_json& delta);
std::string chat_end(const ChatAnswer& answer, const Event& result, bool usage);

}  // namespace llmx::serve
