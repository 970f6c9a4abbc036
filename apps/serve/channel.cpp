#include "channel.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <llmx/error.hpp>

namespace llmx::serve {
namespace {

constexpr int look = 50;  // milliseconds between two questions whether to go on

bool send_all(int socket, std::string_view bytes, const std::function<bool()>& go_on) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
            pollfd room = {socket, POLLOUT, 0};
            if (poll(&room, 1, look) == 0 && !go_on()) return false;
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace

Channel::~Channel() {
    if (socket_ >= 0) close(socket_);
}

bool Channel::send(nlohmann::json head, std::string_view payload, const std::function<bool()>& go_on) {
    if (!payload.empty()) head["bytes"] = payload.size();
    const std::string line = head.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + '\n';
    const std::lock_guard lock(sending_);
    return send_all(socket_, line, go_on) && send_all(socket_, payload, go_on);
}

bool Channel::fill(bool wait) {
    std::array<char, 1 << 16> buffer;
    const ssize_t got = recv(socket_, buffer.data(), buffer.size(), wait ? 0 : MSG_DONTWAIT);
    if (got < 0) return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
    read_.append(buffer.data(), static_cast<std::size_t>(got));
    return got > 0;
}

bool Channel::next(Message& message) {
    if (!has_head_) {
        const std::size_t end = read_.find('\n');
        if (end == std::string::npos) return false;
        begun_ = {nlohmann::json::parse(read_.substr(0, end), nullptr, /*allow_exceptions=*/false), {}};
        if (!begun_.head.is_object())
            throw Error(ErrorCode::internal, "worker: sent something that is not a message");
        read_.erase(0, end + 1);
        missing_ = begun_.head.value("bytes", std::size_t{0});
        has_head_ = true;
    }
    const std::size_t take = std::min(missing_, read_.size());
    begun_.payload.append(read_, 0, take);
    read_.erase(0, take);
    missing_ -= take;
    if (missing_ > 0) return false;
    message = std::move(begun_);
    has_head_ = false;
    return true;
}

}  // namespace llmx::serve
