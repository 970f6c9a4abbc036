#include "request_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <llmx/error.hpp>

#include "request/json.hpp"

namespace llmx::cli {

std::vector<RequestLine> read_request_lines(InputReader& reader, const std::string& option,
                                            const std::string& path) {
    const std::string text = reader.file(option, path);
    std::vector<RequestLine> lines;
    int number = 0;
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        ++number;
        std::string line = text.substr(start, end - start);
        if (line.find_first_not_of(" \t\r") != std::string::npos) lines.push_back({number, std::move(line)});
        start = end + 1;
    }
    if (lines.empty())
        throw Error(ErrorCode::input,
                    fmt::format("{}: {} holds no request; expected one JSON object per line", option, path));
    return lines;
}

request::Json object_of(const RequestLine& line) {
    try {
        return request::parse_object(line.text);
    } catch (const Error& error) {
        throw in_line(line, error);
    }
}

request::Json take_id(RequestLine& line) {
    request::Json object = request::Json::parse(line.text, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object() || !object.contains("id")) return {};
    request::Json id = object["id"];
    object.erase("id");
    line.text = object.dump();
    constexpr double most = 9007199254740992.0;  // 2^53: beyond, a double skips whole numbers
    if (id.is_number_float() && std::abs(id.get<double>()) <= most &&
        id.get<double>() == std::floor(id.get<double>()))
        return static_cast<std::int64_t>(id.get<double>());
    return id;
}

Error in_line(const RequestLine& line, const Error& error) {
    return {error.code(), fmt::format("line {}: {}", line.number, error.what())};
}

}  // namespace llmx::cli
