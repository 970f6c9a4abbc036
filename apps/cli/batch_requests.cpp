#include "batch_requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <llmx/version.hpp>
#include <map>

#include "engine/model/digest.hpp"

namespace llmx::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t longest_name = 200;  // bytes; file systems allow 255, and endings are added

/// Letters of any script, but nothing that a path, a hidden file or a terminal makes something else of.
void require_file_name(const RequestLine& line, const std::string& name) {
    const bool control = std::any_of(
        name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    const char* wrong = name.empty()                          ? "is empty"
                        : name.find('/') != std::string::npos ? "has a slash in it"
                        : name.front() == '.'                 ? "begins with a dot"
                        : control                             ? "has a control character in it"
                        : name.size() > longest_name          ? "is longer than 200 bytes"
                                                              : nullptr;
    if (wrong == nullptr) return;
    throw in_line(line, Error(ErrorCode::input, fmt::format("id {} {}; expected what can be a file's name",
                                                            Json(name).dump(), wrong)));
}

std::string text_of(const RequestLine& line, const Json& id) {
    if (id.is_null()) return fmt::format("{:06}", line.number);
    if (id.is_string()) return id.get<std::string>();
    if (id.is_number_integer()) return id.dump();
    throw in_line(line, Error(ErrorCode::input,
                              fmt::format("id is {}; expected a text or a whole number", id.type_name())));
}

/// Of a request that cannot be read: of its text and what is wrong with it.
std::string digest_of(const RequestLine& line, const ExplainOptions& defaults) {
    try {
        const auto [options, inputs] = read_request(line, defaults);
        return engine::sha256_16(version() + command_json(options, inputs, inputs.texts));
    } catch (const Error& error) {
        return engine::sha256_16(version() + line.text + error.what());
    }
}

/// Takes the id out of a line.
BatchRequest named(RequestLine line) {
    BatchRequest request;
    Json object = Json::parse(line.text, nullptr, /*allow_exceptions=*/false);
    if (object.is_object() && object.contains("id")) {
        request.id = object["id"];
        object.erase("id");
        line.text = object.dump();
    }
    request.name = text_of(line, request.id);
    request.line = std::move(line);
    return request;
}

}  // namespace

ReadRequest read_request(const RequestLine& line, const ExplainOptions& defaults) {
    const CLI::App nothing_stays;
    ExplainOptions options = options_of(nothing_stays, defaults, line);
    InputReader reader("llmx batch");
    ExplainInputs inputs = read_explain_inputs(options, reader);
    return {std::move(options), std::move(inputs)};
}

std::vector<BatchRequest> batch_requests(const std::vector<RequestLine>& lines,
                                         const ExplainOptions& defaults, bool as_files) {
    std::vector<BatchRequest> requests;
    requests.reserve(lines.size());
    std::map<std::string, int> seen;
    for (const RequestLine& line : lines) {
        BatchRequest request = named(line);
        if (as_files) require_file_name(line, request.name);
        const auto [before, is_new] = seen.emplace(request.name, line.number);
        if (!is_new) {
            throw in_line(line,
                          Error(ErrorCode::input, fmt::format("id \"{}\" is that of line {} too; expected "
                                                              "one of its own",
                                                              request.name, before->second)));
        }
        request.digest = digest_of(request.line, defaults);
        requests.push_back(std::move(request));
    }
    return requests;
}

}  // namespace llmx::cli
