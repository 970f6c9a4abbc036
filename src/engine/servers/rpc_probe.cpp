#include "engine/servers/rpc_probe.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <ggml-rpc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <llmx/error.hpp>
#include <memory>
#include <span>

namespace llmx::engine {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{5};

// llama.cpp's greeting: command, size of what follows, what the client's transport can do (nothing: TCP).
constexpr std::uint8_t hello = 14;
constexpr std::uint64_t capabilities = 24;
constexpr std::uint64_t reply = 4 + capabilities;  // major, minor, patch, padding

std::string port_of(const RpcEndpoint& endpoint) {
    return endpoint.given.substr(endpoint.given.rfind(':') + 1);
}

[[noreturn]] void fail(const RpcEndpoint& endpoint, const std::string& reason) {
    throw Error(ErrorCode::input,
                fmt::format("rpc {}: {}; expected llama.cpp's server there, started by ggml-rpc-server "
                            "--host ADDRESS --port {}",
                            endpoint.given, reason, port_of(endpoint)));
}

class Socket {
public:
    explicit Socket(const RpcEndpoint& endpoint)
        : endpoint_(endpoint), descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        if (descriptor_ < 0) fail(endpoint_, std::strerror(errno));
    }
    ~Socket() { close(descriptor_); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    void connect() const {
        const std::size_t colon = endpoint_.address.rfind(':');
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(endpoint_.address.substr(colon + 1))));
        inet_pton(AF_INET, endpoint_.address.substr(0, colon).c_str(), &address.sin_addr);
        if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return;
        if (errno != EINPROGRESS) fail(endpoint_, std::strerror(errno));
        wait(POLLOUT, "no connection");
        int error = 0;
        socklen_t length = sizeof(error);
        getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0) fail(endpoint_, std::strerror(error));
    }

    void send(std::span<const char> bytes) const {
        // a new connection takes so few at once
        const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent != static_cast<ssize_t>(bytes.size())) fail(endpoint_, "it takes no greeting");
    }

    void receive(std::span<char> bytes) const {
        while (!bytes.empty()) {
            wait(POLLIN, "no answer");
            const ssize_t got = recv(descriptor_, bytes.data(), bytes.size(), 0);
            if (got <= 0) fail(endpoint_, "it hangs up instead of answering");
            bytes = bytes.subspan(static_cast<std::size_t>(got));
        }
    }

private:
    void wait(short event, const char* what) const {
        pollfd polled{descriptor_, event, 0};
        int ready = -1;
        do {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - Clock::now());
            ready = poll(&polled, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        } while (ready < 0 && errno == EINTR);
        if (ready > 0) return;
        fail(endpoint_, fmt::format("{} in {} s (it serves one client at a time, and may have another)", what,
                                    patience.count()));
    }

    const RpcEndpoint& endpoint_;
    int descriptor_;
    Clock::time_point end_ = Clock::now() + patience;
};

}  // namespace

RpcEndpoint rpc_endpoint(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    const std::string host = text.substr(0, std::min(colon, text.size()));
    const std::string port = colon == std::string::npos ? "" : text.substr(colon + 1);
    const bool digits =
        !port.empty() && port.size() <= 5 &&
        std::all_of(port.begin(), port.end(), [](unsigned char c) { return std::isdigit(c); });
    const int number = digits ? std::stoi(port) : 0;
    const bool plain = !host.empty() && std::all_of(host.begin(), host.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
    });
    if (!plain || number < 1 || number > 65535) {
        throw Error(ErrorCode::usage,
                    fmt::format("rpc: \"{}\"; expected HOST:PORT, a name or IPv4 address and a port, such as "
                                "192.168.0.2:50052",
                                text));
    }
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0)
        fail({text, ""}, fmt::format("host \"{}\" not found ({})", host, gai_strerror(error)));
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
    std::array<char, INET_ADDRSTRLEN> address{};
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(found->ai_addr)->sin_addr, address.data(),
              address.size());
    return {text, fmt::format("{}:{}", address.data(), number)};
}

void probe(const RpcEndpoint& endpoint) {
    const Socket socket(endpoint);
    socket.connect();
    std::array<char, 1 + sizeof(capabilities) + capabilities> greeting{};
    greeting[0] = static_cast<char>(hello);
    std::memcpy(greeting.data() + 1, &capabilities, sizeof(capabilities));
    socket.send(greeting);
    std::uint64_t size = 0;
    std::array<char, sizeof(size)> head{};
    socket.receive(head);
    std::memcpy(&size, head.data(), sizeof(size));
    if (size != reply) fail(endpoint, "its answer is none of llama.cpp's RPC");
    std::array<char, reply> body{};
    socket.receive(body);
    const int major = static_cast<unsigned char>(body[0]);
    const int minor = static_cast<unsigned char>(body[1]);
    if (major != RPC_PROTO_MAJOR_VERSION || minor > RPC_PROTO_MINOR_VERSION) {
        fail(endpoint,
             fmt::format("it speaks RPC {}.{}, this program {}.{}, and both must be of one llama.cpp", major,
                         minor, RPC_PROTO_MAJOR_VERSION, RPC_PROTO_MINOR_VERSION));
    }
}

}  // namespace llmx::engine
