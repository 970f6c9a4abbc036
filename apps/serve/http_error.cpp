#include "http_error.hpp"

#include <nlohmann/json.hpp>

namespace llmx::serve {
namespace {

struct Kind {
    ErrorCode code;
    const char* type;
    int status;
};

constexpr Kind kinds[] = {
    {ErrorCode::usage, "usage", 400},
    {ErrorCode::input, "input", 400},
    {ErrorCode::model, "model", 422},
    {ErrorCode::unsupported, "unsupported", 422},
    {ErrorCode::context_overflow, "context_overflow", 400},
    {ErrorCode::output, "output", 500},
    {ErrorCode::cancelled, "cancelled", 503},
    {ErrorCode::internal, "internal", 500},
};

const Kind& kind_of(int exit_code) {
    for (const Kind& kind : kinds) {
        if (static_cast<int>(kind.code) == exit_code) return kind;
    }
    return kinds[std::size(kinds) - 1];
}

}  // namespace

HttpError::HttpError(int exit_code, const std::string& what)
    : status(kind_of(exit_code).status), type(kind_of(exit_code).type), message(what), code(exit_code) {}

HttpError::HttpError(const Error& error) : HttpError(static_cast<int>(error.code()), error.what()) {}

std::string HttpError::body() const {
    constexpr std::size_t most = 2000;  // what a client has sent does not come back whole
    nlohmann::ordered_json error = {{"message", message.substr(0, most)}, {"type", type}, {"code", nullptr}};
    if (code) error["code"] = *code;
    return nlohmann::ordered_json{{"error", error}}.dump(-1, ' ', false,
                                                         nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace llmx::serve
