#pragma once
// The requests of a batch: lines of a file, each with a name and a digest of all that its result depends on.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "request_lines.hpp"

namespace llmx::cli {

struct BatchRequest {
    RequestLine line;           ///< without its "id"
    nlohmann::ordered_json id;  ///< a text, a whole number, or null
    std::string name;           ///< the id as text, or the line's number in six digits: its file's name
    std::string digest;         ///< of the request as it is carried out, texts and defaults filled in
};

/// `defaults`: what the command line says, by key; the line's own keys override them. Throws Error for a bad
/// request.
ExplainRequest read_request(const RequestLine& line, const request::Json& defaults);

/// Throws Error{input} for ids that are no text or whole number, that are no safe file name (`as_files`), and
/// for names that stand twice. A line that is bad otherwise is a request that will fail.
std::vector<BatchRequest> batch_requests(const std::vector<RequestLine>& lines, const request::Json& defaults,
                                         bool as_files);

}  // namespace llmx::cli
