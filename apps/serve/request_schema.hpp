#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace llmx::serve {

/// What the service has to be told about requests.
struct RequestSchema {
    /// Throws Error for a request that no model is needed to refuse.
    std::function<void(const std::string& request)> check;
    /// A request's keys as properties of a JSON schema.
    nlohmann::ordered_json properties;
    int most_answer_tokens = 0;
    std::string model;  ///< the name of the one served
};

}  // namespace llmx::serve
