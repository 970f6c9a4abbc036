#include "batch/requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <llmx/version.hpp>
#include <map>

#include "engine/model/digest.hpp"
#include "flags.hpp"
#include "request/json.hpp"

namespace llmx::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t longest_name = 200;  // bytes; file systems allow 255, and endings are added

/// Letters of any script, but nothing that a path, a hidden file or a terminal makes something else of.
void require_file_name(const RequestLine& line, const std::string& name) {
    const bool control = std::any_of(
        name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    const char* wrong = name.empty()                          ? "is empty"
                        : name.find('/') != std::string::npos ? "contains a slash"
                        : name.front() == '.'                 ? "starts with a dot"
                        : control                             ? "contains a control character"
                        : name.size() > longest_name          ? "is longer than 200 bytes"
                                                              : nullptr;
    if (wrong == nullptr) return;
    throw in_line(line,
                  Error(ErrorCode::input, fmt::format("id {} {}; expected something that can be a file name",
                                                      Json(name).dump(), wrong)));
}

std::string text_of(const RequestLine& line, const Json& id) {
    if (id.is_null()) return fmt::format("{:06}", line.number);
    if (id.is_string()) return id.get<std::string>();
    if (id.is_number_integer()) return id.dump();
    throw in_line(line, Error(ErrorCode::input,
                              fmt::format("id is {}; expected a string or a whole number", id.type_name())));
}

/// Of a request that cannot be read: of its text and what is wrong with it.
std::string digest_of(const RequestLine& line, const Json& defaults) {
    try {
        return request::digest(read_request(line, defaults));
    } catch (const Error& error) {
        return engine::sha256_16(version() + line.text + error.what());
    }
}

/// Takes the id out of a line.
BatchRequest named(RequestLine line) {
    BatchRequest request;
    request.id = take_id(line);
    request.name = text_of(line, request.id);
    request.line = std::move(line);
    return request;
}

}  // namespace

ExplainRequest read_request(const RequestLine& line, const Json& defaults) {
    return InputReader("llmx batch").request(merged(defaults, object_of(line)));
}

std::vector<BatchRequest> batch_requests(const std::vector<RequestLine>& lines, const Json& defaults,
                                         bool as_files) {
    std::vector<BatchRequest> requests;
    requests.reserve(lines.size());
    std::map<std::string, int> seen;
    for (const RequestLine& line : lines) {
        BatchRequest request = named(line);
        if (as_files) require_file_name(line, request.name);
        const auto [before, is_new] = seen.emplace(request.name, line.number);
        if (!is_new) {
            throw in_line(line,
                          Error(ErrorCode::input,
                                fmt::format("id \"{}\" is used in line {} already; expected a unique id",
                                            request.name, before->second)));
        }
        request.digest = digest_of(request.line, defaults);
        requests.push_back(std::move(request));
    }
    return requests;
}

}  // namespace llmx::cli
