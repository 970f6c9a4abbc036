#include "head.hpp"

#include <cpp-httplib/httplib.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace llmx::serve {
namespace {

constexpr std::array<std::string_view, 9> methods = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                     "CONNECT", "OPTIONS", "TRACE", "PATCH"};

HttpError too_large() {
    return {
        431, "too_large",
        fmt::format("request: its head is too large; expected at most {} bytes, {} lines and {} bytes a line",
                    longest_head, CPPHTTPLIB_HEADER_MAX_COUNT, CPPHTTPLIB_HEADER_MAX_LENGTH)};
}

bool is_word(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
    });
}

std::optional<HttpError> refusal_of_line(std::string_view line) {
    const std::size_t first = line.find(' '), last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return std::nullopt;  // the library's: no request
    const std::string_view method = line.substr(0, first), version = line.substr(last + 1);
    if (last - first > CPPHTTPLIB_REQUEST_URI_MAX_LENGTH)
        return HttpError(414, "too_large", "path: too long");
    if (is_word(method) && std::find(methods.begin(), methods.end(), method) == methods.end())
        return HttpError(501, "not_implemented", "method: unknown; expected GET or POST");
    if (version.starts_with("HTTP/") && version != "HTTP/1.1" && version != "HTTP/1.0")
        return HttpError(505, "not_implemented", "version: expected HTTP/1.1 or HTTP/1.0");
    return std::nullopt;
}

}  // namespace

std::optional<std::size_t> head_size(std::string_view text, std::size_t searched) {
    const std::size_t from = searched > 3 ? searched - 3 : 0;
    std::size_t end = std::string_view::npos;
    for (const std::string_view mark : {"\r\n\r\n", "\n\n"}) {
        const std::size_t found = text.find(mark, from);
        if (found != std::string_view::npos) end = std::min(end, found + mark.size());
    }
    if (end == std::string_view::npos) return std::nullopt;
    return end;
}

std::optional<HttpError> refusal_of(std::string_view head) {
    if (head.size() > longest_head) return too_large();
    const std::size_t end = head.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    if (auto refusal = refusal_of_line(head.substr(0, end))) return refusal;
    std::size_t lines = 0;
    for (std::size_t at = end + 2; at < head.size();) {
        const std::size_t next = std::min(head.find("\r\n", at), head.size() - 2) + 2;
        if (next - at > CPPHTTPLIB_HEADER_MAX_LENGTH) return too_large();
        ++lines;
        at = next;
    }
    if (lines > CPPHTTPLIB_HEADER_MAX_COUNT + 1) return too_large();
    return std::nullopt;
}

std::string answer_of(const HttpError& failure) {
    const std::string body = failure.body();
    std::string retry;
    if (failure.retry_after > 0) retry = fmt::format("Retry-After: {}\r\n", failure.retry_after);
    return fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nCache-Control: "
        "no-store\r\n"
        "X-Content-Type-Options: nosniff\r\n{}Connection: close\r\n\r\n{}",
        failure.status, httplib::status_message(failure.status), body.size(), retry, body);
}

}  // namespace llmx::serve
