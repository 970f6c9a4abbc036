#include "guard.hpp"

#include <arpa/inet.h>
#include <cpp-httplib/httplib.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "http_error.hpp"
#include "source.hpp"

namespace llmx::serve {
namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    return text;
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_address(const std::string& host) {
    in6_addr any;
    return inet_pton(AF_INET, host.c_str(), &any) == 1 || inet_pton(AF_INET6, host.c_str(), &any) == 1;
}

/// What a browser says about where a request comes from. Other programs say nothing.
void check_origin(const httplib::Request& request) {
    const std::string host = request.get_header_value("Host");
    for (std::size_t i = 0; i < request.get_header_value_count("Origin"); ++i) {
        const std::string origin = lower(request.get_header_value("Origin", "", i));
        if (origin != "http://" + lower(host) && origin != "https://" + lower(host))
            throw HttpError(403, "forbidden", "origin: another site's; expected this service's own page");
    }
    const std::string site = lower(request.get_header_value("Sec-Fetch-Site"));
    const bool link = request.method == "GET" && request.get_header_value("Sec-Fetch-Mode") == "navigate";
    if ((site == "cross-site" || site == "same-site") && !link)
        throw HttpError(403, "forbidden", "sec-fetch-site: another site's; expected this service's own page");
}

}  // namespace

std::string host_of(std::string_view text) {
    std::string_view host = text;
    std::string_view port;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return {};
        host = text.substr(1, end - 1);
        port = text.substr(end + 1);
    } else if (const std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        port = text.substr(colon);
    }
    if (!port.empty() && (!port.starts_with(':') || !is_number(port.substr(1)))) return {};
    return lower(std::string(host));
}

bool is_loopback(const std::string& host) {
    in_addr v4;
    if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
    return host == "localhost" || host == "::1";
}

bool same_secret(std::string_view a, std::string_view b) {
    using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;
    const auto digest = [](std::string_view text) {
        Digest sum;
        SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), sum.data());
        return sum;
    };
    const Digest first = digest(a), second = digest(b);
    return CRYPTO_memcmp(first.data(), second.data(), first.size()) == 0;
}

bool Route::serves(std::string_view asked) const {
    constexpr std::string_view any = "{id}";
    if (!path.ends_with(any)) return asked == path;
    const std::string_view before = std::string_view(path).substr(0, path.size() - any.size());
    return asked.starts_with(before) && asked.size() > before.size();
}

Guard::Guard(Access access, std::vector<Route> routes)
    : access_(std::move(access)), routes_(std::move(routes)) {
    for (std::string& host : access_.hosts) host = lower(host);
}

/// A name that somebody else's name server points at this machine is no name of ours: what a browser would
/// take for that somebody's site must not be answered.
void Guard::check_host(const httplib::Request& request) const {
    const std::size_t given = request.get_header_value_count("Host");
    const std::string host = given == 1 ? host_of(request.get_header_value("Host")) : "";
    const bool known = std::find(access_.hosts.begin(), access_.hosts.end(), host) != access_.hosts.end();
    const bool own = is_loopback(host) || (!access_.loopback_only && is_address(host));
    if (host.empty())
        throw HttpError(400, "usage",
                        "host: not exactly one name with an optional port; expected localhost, for example");
    if (!known && !own) {
        throw HttpError(403, "forbidden",
                        "host: not a name of this service; expected its address, or a name given to it with "
                        "--allow-host");
    }
}

void Guard::check_key(const httplib::Request& request) {
    if (access_.api_key.empty()) return;
    std::string given = request.get_header_value("X-Api-Key");
    const std::string authorization = request.get_header_value("Authorization");
    if (lower(authorization.substr(0, 7)) == "bearer ") given = authorization.substr(7);
    if (given.empty()) {
        throw HttpError(401, "unauthorized",
                        "key: not given; expected a header Authorization: Bearer KEY, or X-Api-Key: KEY");
    }
    const std::string source = source_of(request.remote_addr);
    if (!guesses_.may_guess(source))
        throw HttpError(429, "busy", "key: too many wrong ones from this address; try again later", 1);
    if (!same_secret(given, access_.api_key)) {
        guesses_.was_wrong(source);
        throw HttpError(401, "unauthorized", "key: not this service's key");
    }
}

void Guard::check_body(const httplib::Request& request) const {
    const std::string type = lower(request.get_header_value("Content-Type"));
    if (type.substr(0, type.find(';')) != "application/json")
        throw HttpError(415, "usage", "content-type: expected application/json");
    if (!request.get_header_value("Content-Encoding").empty())
        throw HttpError(415, "usage", "content-encoding: expected none");
    const std::string transfer = lower(request.get_header_value("Transfer-Encoding"));
    const std::string length = request.get_header_value("Content-Length");
    if (transfer == "chunked" && !request.has_header("Content-Length")) return;  // counted while it is read
    if (!transfer.empty() || request.get_header_value_count("Content-Length") > 1)
        throw HttpError(400, "usage", "transfer-encoding: expected chunked alone, or a content-length");
    if (!is_number(length))
        throw HttpError(411, "usage", "content-length: not given; expected the body's bytes");
    std::size_t bytes = 0;
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bytes);
    if (error != std::errc() || bytes > access_.longest_body) {
        throw HttpError(413, "too_large",
                        fmt::format("body: got {} bytes; expected at most {}", length.substr(0, 20),
                                    access_.longest_body));
    }
}

void Guard::check(const httplib::Request& request) {
    check_host(request);
    check_origin(request);
    std::vector<std::string> methods;
    const Route* found = nullptr;
    for (const Route& route : routes_) {
        if (!route.serves(request.path)) continue;
        methods.push_back(route.method);
        const bool head = request.method == "HEAD" && route.method == "GET";
        if (route.method == request.method || head) found = &route;
    }
    if (methods.empty()) throw HttpError(404, "not_found", "path: unknown; see /openapi.json");
    if (found == nullptr) {
        HttpError failure(
            405, "method_not_allowed",
            fmt::format("method: not allowed on this path; expected {}", fmt::join(methods, ", ")));
        failure.allowed_methods = fmt::format("{}", fmt::join(methods, ", "));
        throw failure;
    }
    if (!found->open) check_key(request);
    if (found->method == "POST") check_body(request);
}

}  // namespace llmx::serve
