#include "job.hpp"

namespace llmx::serve {

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
    changed_.notify_all();
}

std::optional<Event> Job::take(std::chrono::milliseconds longest) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, longest, [this] { return !events_.empty(); })) return std::nullopt;
    Event event = std::move(events_.front());
    events_.pop_front();
    return event;
}

}  // namespace llmx::serve
