#include "connection.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <llmx/error.hpp>
#include <stdexcept>

#include "log.hpp"

namespace llmx::serve {
namespace {

constexpr std::size_t longest_farewell = 4 << 20;  // bytes that a client may still be sending
constexpr std::chrono::seconds longest_goodbye{2};

thread_local Connection* this_threads = nullptr;

void address_of(int (*get)(int, sockaddr*, socklen_t*), int socket, std::string& ip, int& port) {
    sockaddr_storage address = {};
    socklen_t size = sizeof address;
    std::array<char, INET6_ADDRSTRLEN> text = {};
    if (get(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return;
    if (address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
        port = ntohs(v4.sin_port);
    } else if (address.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
        inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
        port = ntohs(v6.sin6_port);
    }
    ip = text.data();
}

}  // namespace

Connection::Connection(int socket) : socket_(socket) { this_threads = this; }

Connection::~Connection() { this_threads = nullptr; }

Connection& Connection::current() {
    if (this_threads == nullptr) throw std::logic_error("no connection in this thread");
    return *this_threads;
}

bool Connection::wait_for(short what, Clock::time_point until) const {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
        pollfd one = {socket_, what, 0};
        const int ready = poll(&one, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
        if (ready < 0 && errno == EINTR) continue;
        return ready > 0 && (one.revents & (what | POLLHUP | POLLERR)) != 0;
    }
}

bool Connection::is_left() const {
    pollfd one = {socket_, POLLRDHUP, 0};
    return poll(&one, 1, 0) > 0 && (one.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

double Connection::seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

void Connection::say_goodbye() {
    shutdown(socket_, SHUT_WR);
    const auto until = Clock::now() + longest_goodbye;
    for (std::size_t got = 0; got < longest_farewell;) {
        const ssize_t n = wait_for(POLLIN, until) ? recv(socket_, buffer_.data(), buffer_.size(), 0) : 0;
        if (n <= 0) return;
        got += static_cast<std::size_t>(n);
    }
}

bool Connection::is_readable() const { return at_ < end_ || wait_for(POLLIN, start_ + longest_arrival); }

bool Connection::wait_writable() const { return wait_for(POLLOUT, Clock::now() + longest_write); }

ssize_t Connection::read(char* to, std::size_t size) {
    size = std::min(size, may_read_);
    if (size == 0) return -1;
    if (at_ == end_) {
        if (!wait_for(POLLIN, start_ + longest_arrival)) return -1;
        const ssize_t got = recv(socket_, buffer_.data(), buffer_.size(), 0);
        if (got <= 0) return got;
        at_ = 0;
        end_ = static_cast<std::size_t>(got);
    }
    const std::size_t take = std::min(size, end_ - at_);
    std::memcpy(to, buffer_.data() + at_, take);
    at_ += take;
    may_read_ -= take;
    return static_cast<ssize_t>(take);
}

ssize_t Connection::write(const char* from, std::size_t size) {
    if (!wait_for(POLLOUT, Clock::now() + longest_write)) return -1;
    return send(socket_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
    address_of(getpeername, socket_, ip, port);
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
    address_of(getsockname, socket_, ip, port);
}

int HttpServer::bind(const std::string& host, int port) {
    // The library's own options would let a second program listen at the same port.
    set_socket_options([](socket_t socket) {
        const int on = 1;
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    const std::string asked = fmt::format("{}:{}", host, port);
    if (port == 0) {
        port = bind_to_any_port(host);
        if (port <= 0) port = -1;
    } else if (!bind_to_port(host, port)) {
        port = -1;
    }
    if (port < 0) {
        throw Error(ErrorCode::usage,
                    fmt::format("serve: cannot listen at {} ({}); expected an address of this machine and a "
                                "free port",
                                asked, std::strerror(errno)));
    }
    return port;
}

bool HttpServer::process_and_close_socket(socket_t socket) {
    bool answered = false;
    ++connections_;
    {
        Connection connection(socket);
        try {
            bool closed = false;
            std::string remote, local;
            int remote_port = 0, local_port = 0;
            connection.get_remote_ip_and_port(remote, remote_port);
            connection.get_local_ip_and_port(local, local_port);
            answered = process_request(connection, remote, remote_port, local, local_port,
                                       /*close_connection=*/true, closed, [&](httplib::Request& request) {
                                           connection.begin_body(longest_body_ + Connection::longest_head);
                                           request.ranges.clear();  // results come whole, as they are
                                           request.headers.erase("Accept-Encoding");
                                       });
            if (answered) connection.say_goodbye();
        } catch (const std::exception& error) {
            log(fmt::format("a connection ended by an error: {}", error.what()));
        }
    }
    shutdown(socket, SHUT_RDWR);
    close(socket);
    --connections_;
    return answered;
}

}  // namespace llmx::serve
