#include "job.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace llmx::serve {

Job::Job(std::uint64_t number, JobSpec what)
    : id(number), ask(std::move(what)), ready_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (ready_ < 0) throw Error(ErrorCode::internal, "service: no event descriptor; too many open files?");
}

Job::~Job() { close(ready_); }

void Job::put(Event event) {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    ended_ = event.is_last();
    const bool replaces = event.kind == Event::Kind::progress && !events_.empty() &&
                          events_.back().kind == Event::Kind::progress;
    if (replaces) {
        events_.back() = std::move(event);
    } else {
        events_.push_back(std::move(event));
    }
    eventfd_write(ready_, 1);
}

std::optional<Event> Job::take(std::chrono::milliseconds longest) {
    pollfd ready = {ready_, POLLIN, 0};
    poll(&ready, 1, static_cast<int>(longest.count()));
    const std::lock_guard lock(mutex_);
    if (events_.empty()) return std::nullopt;
    Event event = std::move(events_.front());
    events_.pop_front();
    eventfd_t ignored = 0;
    if (events_.empty()) eventfd_read(ready_, &ignored);
    return event;
}

}  // namespace llmx::serve
