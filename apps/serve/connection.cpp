#include "connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "head.hpp"
#include "peer.hpp"

namespace llmx::serve {
namespace {

constexpr std::size_t most_unsent = 16 << 20;  // bytes of a stream that wait for its reader

thread_local Connection* this_threads = nullptr;

}  // namespace

Connection::Connection(Guest guest, Arrivals& arrivals)
    : arrivals_(arrivals),
      socket_(guest.socket),
      start_(guest.start),
      may_read_(std::max(longest_head, guest.arrived.size())),
      arrived_(std::move(guest.arrived)) {
    this_threads = this;
}

Connection::~Connection() { this_threads = nullptr; }

Connection& Connection::current() {
    if (this_threads == nullptr) throw std::logic_error("no connection in this thread");
    return *this_threads;
}

void Connection::begin_body(std::size_t most, bool takes_chunks) {
    may_read_ = most;
    takes_chunks_ = takes_chunks;
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

void Connection::wait_beside(int descriptor, std::chrono::milliseconds longest) const {
    std::array<pollfd, 2> both = {{{socket_, POLLRDHUP, 0}, {descriptor, POLLIN, 0}}};
    poll(both.data(), both.size(), static_cast<int>(longest.count()));
}

double Connection::seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

bool Connection::is_readable() const { return at_ < arrived_.size() || wait_for(POLLIN, until_); }

ssize_t Connection::read(char* to, std::size_t size) {
    size = std::min(size, may_read_);
    if (size == 0) return -1;
    if (at_ == arrived_.size()) {
        if (!wait_for(POLLIN, until_)) return -1;
        arrived_.resize(16 << 10);
        const ssize_t got = recv(socket_, arrived_.data(), arrived_.size(), MSG_DONTWAIT);
        at_ = 0;
        arrived_.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got <= 0) return got;
    }
    const std::size_t take = std::min(size, arrived_.size() - at_);
    arrived_.copy(to, take, at_);
    at_ += take;
    may_read_ -= take;
    return static_cast<ssize_t>(take);
}

bool Connection::flush() {
    while (sent_ < unsent_.size()) {
        const ssize_t n =
            send(socket_, unsent_.data() + sent_, unsent_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return Clock::now() - last_sent_ < longest_write;
        if (n <= 0) return false;
        sent_ += static_cast<std::size_t>(n);
        last_sent_ = Clock::now();
    }
    unsent_.clear();
    sent_ = 0;
    return true;
}

ssize_t Connection::write(const char* from, std::size_t size) {
    if (unsent_.size() - sent_ > most_unsent) return -1;
    if (unsent_.empty()) last_sent_ = Clock::now();
    unsent_.append(from, size);
    return flush() ? static_cast<ssize_t>(size) : -1;
}

std::string Connection::take_unsent() { return unsent_.substr(sent_); }

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
    const Peer peer = peer_of(socket_);
    ip = peer.address;
    port = peer.port;
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
    const Peer own = own_end_of(socket_);
    ip = own.address;
    port = own.port;
}

}  // namespace llmx::serve
