#pragma once
// One connection of a client: cpp-httplib reads and writes through it. It bounds what the library does not:
// the time that a whole request may take to arrive, the size of its head, and writes to a client that does
// not read. It also knows whether the client is still there.

#include <cpp-httplib/httplib.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>

namespace llmx::serve {

class Connection final : public httplib::Stream {
public:
    using Clock = std::chrono::steady_clock;

    static constexpr std::size_t longest_head = 64 << 10;  // bytes
    static constexpr std::chrono::seconds longest_arrival{20}, longest_write{30};

    /// Of a connected socket, which the caller closes. The connection is `current()` in this thread, as long
    /// as it lives.
    explicit Connection(int socket);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// The one that this thread serves.
    static Connection& current();

    /// The head is read; the rest may be so long.
    void begin_body(std::size_t most) { may_read_ = most; }
    /// The client has closed its end.
    [[nodiscard]] bool is_left() const;
    /// The seconds since it was accepted.
    [[nodiscard]] double seconds() const;
    /// Says that no more comes, and lets the client read what it was sent before the socket is closed: it may
    /// still be sending a body that was refused.
    void say_goodbye();

    [[nodiscard]] bool is_readable() const override;
    [[nodiscard]] bool wait_readable() const override { return is_readable(); }
    [[nodiscard]] bool wait_writable() const override;
    [[nodiscard]] time_t duration() const override { return static_cast<time_t>(seconds()); }
    ssize_t read(char* to, std::size_t size) override;
    ssize_t write(const char* from, std::size_t size) override;
    void get_remote_ip_and_port(std::string& ip, int& port) const override;
    void get_local_ip_and_port(std::string& ip, int& port) const override;
    [[nodiscard]] int socket() const override { return socket_; }

private:
    [[nodiscard]] bool wait_for(short what, Clock::time_point until) const;

    int socket_;
    Clock::time_point start_ = Clock::now();
    std::size_t may_read_ = longest_head;
    std::array<char, 4096> buffer_;
    std::size_t at_ = 0, end_ = 0;
};

/// One request a connection: nobody has to guess where a refused request's body ends.
class HttpServer final : public httplib::Server {
public:
    explicit HttpServer(std::size_t longest_body) : longest_body_(longest_body) {}
    /// Binds to an address and port (0: any) and returns the port. Throws Error{usage} where that fails.
    int bind(const std::string& host, int port);
    /// Connections that are being served.
    [[nodiscard]] int connections() const { return connections_; }

private:
    bool process_and_close_socket(socket_t socket) override;

    std::size_t longest_body_;
    std::atomic<int> connections_ = 0;
};

}  // namespace llmx::serve
