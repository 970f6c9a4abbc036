#pragma once
// Who may ask for what: checked of a request's head, before its body is read.

#include <string>
#include <string_view>
#include <vector>

#include "guesses.hpp"

namespace httplib {
struct Request;
}

namespace llmx::serve {

struct Route {
    std::string method, path;  ///< "/a/{id}": any path that begins with "/a/" and goes on
    bool open = false;         ///< nobody has to know the key

    [[nodiscard]] bool serves(std::string_view asked) const;
};

struct Access {
    std::string api_key;             ///< empty: everybody may ask
    std::vector<std::string> hosts;  ///< names besides the machine's own addresses
    bool loopback_only = true;
    std::size_t longest_body = 0;  ///< bytes
};

class Guard {
public:
    Guard(Access access, std::vector<Route> routes);
    /// Throws HttpError.
    void check(const httplib::Request& request);

private:
    void check_host(const httplib::Request& request) const;
    void check_key(const httplib::Request& request);
    void check_body(const httplib::Request& request) const;

    Access access_;
    std::vector<Route> routes_;
    Guesses guesses_{{}};
};

/// "localhost:8080" -> "localhost"; "[::1]:80" -> "::1"; empty for what is no host.
std::string host_of(std::string_view host_and_port);
/// An address of this machine that no other one reaches.
bool is_loopback(const std::string& host);
/// Takes as long for any two texts of a length.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace llmx::serve
