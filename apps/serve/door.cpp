#include "door.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "head.hpp"
#include "peer.hpp"
#include "source.hpp"

namespace llmx::serve {
namespace {

constexpr std::size_t longest_farewell = 4 << 20;  // bytes that a client may still be sending
constexpr int look = 250;                          // milliseconds between two looks for those who are late

bool would_wait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

Door::Door(Limits limits, Enter enter, Refused refused)
    : limits_(limits),
      enter_(std::move(enter)),
      refused_(std::move(refused)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (epoll_ < 0 || wake_ < 0)
        throw Error(ErrorCode::internal, "service: no event descriptor; too many open files?");
    epoll_event event = {.events = EPOLLIN, .data = {.fd = wake_}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
    thread_ = std::thread([this] { loop(); });
}

Door::~Door() {
    close();
    ::close(epoll_);
    ::close(wake_);
}

void Door::admit(int socket) {
    const auto now = Clock::now();
    Visitor visitor{.source = source_of(peer_of(socket).address), .start = now, .last = now, .bytes = {}};
    {
        const std::lock_guard lock(mutex_);
        new_.emplace_back(socket, std::move(visitor));
    }
    wake();
}

void Door::see_off(int socket, std::string rest) {
    Visitor visitor{.source = source_of(peer_of(socket).address),
                    .stage = Stage::sending,
                    .start = Clock::now(),
                    .last = Clock::now(),
                    .bytes = std::move(rest)};
    {
        const std::lock_guard lock(mutex_);
        new_.emplace_back(socket, std::move(visitor));
    }
    wake();
}

void Door::close() {
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    wake();
    if (thread_.joinable()) thread_.join();
}

void Door::wake() const { eventfd_write(wake_, 1); }

void Door::loop() {
    std::array<epoll_event, 64> events;
    for (bool closing = false; !closing || !visitors_.empty();) {
        const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), look);
        for (int i = 0; i < ready; ++i) {
            const int socket = events[static_cast<std::size_t>(i)].data.fd;
            if (socket == wake_) {
                eventfd_t ignored = 0;
                eventfd_read(wake_, &ignored);
            } else if (const auto found = visitors_.find(socket); found != visitors_.end()) {
                attend(socket, found->second);
            }
        }
        {
            const std::lock_guard lock(mutex_);
            closing = closing_;
        }
        take_new();
        end_late(closing);
    }
}

void Door::take_new() {
    std::vector<std::pair<int, Visitor>> all;
    {
        const std::lock_guard lock(mutex_);
        all.swap(new_);
    }
    for (auto& [socket, visitor] : all) {
        make_room(visitor.source);
        const bool arriving = visitor.stage == Stage::arriving;
        epoll_event event = {.events = arriving ? EPOLLIN : EPOLLOUT, .data = {.fd = socket}};
        epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
        attend(socket, visitors_.emplace(socket, std::move(visitor)).first->second);
    }
}

/// For one more. Whoever has been silent longest leaves: an honest client's head comes at once.
void Door::make_room(const std::string& source) {
    std::size_t of_source = 0;
    auto oldest = visitors_.end(), oldest_of_source = visitors_.end();
    for (auto at = visitors_.begin(); at != visitors_.end(); ++at) {
        if (oldest == visitors_.end() || at->second.last < oldest->second.last) oldest = at;
        if (at->second.source != source) continue;
        ++of_source;
        if (oldest_of_source == visitors_.end() || at->second.last < oldest_of_source->second.last)
            oldest_of_source = at;
    }
    if (of_source >= limits_.of_source) {
        drop(oldest_of_source->first);
    } else if (visitors_.size() >= limits_.all) {
        drop(oldest->first);
    }
}

void Door::attend(int socket, Visitor& visitor) {
    switch (visitor.stage) {
        case Stage::arriving:
            return receive(socket, visitor);
        case Stage::sending:
            return send(socket, visitor);
        case Stage::goodbye:
            return discard(socket, visitor);
    }
}

void Door::receive(int socket, Visitor& visitor) {
    std::array<char, 16 << 10> buffer;
    for (;;) {
        const ssize_t got = recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && would_wait()) return;
        if (got <= 0) return visitor.bytes.empty() ? drop(socket) : pass_on(socket, visitor);
        visitor.last = Clock::now();
        if (visitor.bytes.empty()) visitor.start = visitor.last;
        const std::size_t searched = visitor.bytes.size();
        visitor.bytes.append(buffer.data(), static_cast<std::size_t>(got));
        const auto head = head_size(visitor.bytes, searched);
        if (!head && visitor.bytes.size() <= longest_head) continue;
        const auto refusal =
            refusal_of(std::string_view(visitor.bytes).substr(0, head.value_or(std::string::npos)));
        return refusal ? refuse(socket, visitor, *refusal) : pass_on(socket, visitor);
    }
}

void Door::pass_on(int socket, Visitor& visitor) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
    if (enter_({socket, visitor.bytes, visitor.start})) {
        visitors_.erase(socket);
        return;
    }
    epoll_event event = {.events = EPOLLOUT, .data = {.fd = socket}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
    refuse(socket, visitor, {503, "busy", "too many requests at a time; try again later", 2});
}

void Door::refuse(int socket, Visitor& visitor, const HttpError& failure) {
    refused_(failure.status, std::chrono::duration<double>(Clock::now() - visitor.start).count());
    visitor.stage = Stage::sending;
    visitor.bytes = answer_of(failure);
    visitor.last = Clock::now();
    watch(socket, EPOLLOUT);
    send(socket, visitor);
}

void Door::send(int socket, Visitor& visitor) {
    while (visitor.sent < visitor.bytes.size()) {
        const ssize_t n = ::send(socket, visitor.bytes.data() + visitor.sent,
                                 visitor.bytes.size() - visitor.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && would_wait()) return;
        if (n <= 0) return drop(socket);
        visitor.sent += static_cast<std::size_t>(n);
        visitor.last = Clock::now();
    }
    visitor.bytes = {};
    visitor.stage = Stage::goodbye;
    shutdown(socket, SHUT_WR);
    watch(socket, EPOLLIN);
    discard(socket, visitor);
}

void Door::discard(int socket, Visitor& visitor) {
    std::array<char, 16 << 10> buffer;
    while (visitor.discarded < longest_farewell) {
        const ssize_t got = recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && would_wait()) return;
        if (got <= 0) break;
        visitor.discarded += static_cast<std::size_t>(got);
    }
    drop(socket);
}

/// When the door closes, nobody arrives any more, and nobody is waited for for long.
void Door::end_late(bool closing) {
    const auto now = Clock::now();
    std::vector<int> late;
    for (const auto& [socket, visitor] : visitors_) {
        const bool arriving = visitor.stage == Stage::arriving;
        const auto longest = arriving                                      ? limits_.arrival
                             : visitor.stage == Stage::sending && !closing ? limits_.reading
                                                                           : limits_.goodbye;
        const auto since = arriving ? visitor.start : visitor.last;
        if (now - since > longest || (arriving && closing)) late.push_back(socket);
    }
    for (const int socket : late) {
        Visitor& visitor = visitors_.at(socket);
        if (visitor.stage != Stage::arriving || visitor.bytes.empty() || closing) {
            drop(socket);
        } else {
            refuse(
                socket, visitor,
                {408, "timeout", "request: its head arrived too slowly; expected all of it within seconds"});
        }
    }
}

void Door::watch(int socket, std::uint32_t what) const {
    epoll_event event = {.events = what, .data = {.fd = socket}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event);
}

void Door::drop(int socket) {
    ::close(socket);
    visitors_.erase(socket);
}

}  // namespace llmx::serve
