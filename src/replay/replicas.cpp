#include "replay/replicas.hpp"

#include <exception>
#include <thread>
#include <vector>

namespace llmx::replay {

std::optional<std::size_t> Queue::next(const std::function<void(std::size_t)>& start) {
    const std::scoped_lock lock(mutex_);
    if (failed_ || started_ == count_) return std::nullopt;
    start(started_);
    return started_++;
}

void Queue::hand_in(std::size_t piece, const std::function<void()>& take) {
    std::unique_lock lock(mutex_);
    turn_.wait(lock, [&] { return failed_ || handed_in_ == piece; });
    if (failed_) return;
    take();
    ++handed_in_;
    turn_.notify_all();
}

void Queue::fail() {
    const std::scoped_lock lock(mutex_);
    failed_ = true;
    turn_.notify_all();
}

void in_replicas(std::size_t replicas, std::size_t count,
                 const std::function<void(std::size_t, Queue&)>& work) {
    Queue queue(count);
    std::exception_ptr failure;
    std::mutex mutex;
    const auto run = [&](std::size_t replica) {
        try {
            work(replica, queue);
        } catch (...) {
            queue.fail();
            const std::scoped_lock lock(mutex);
            if (!failure) failure = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> others;
        others.reserve(replicas - 1);
        for (std::size_t replica = 1; replica < replicas; ++replica) others.emplace_back(run, replica);
        run(0);
    }
    if (failure) std::rethrow_exception(failure);
}

}  // namespace llmx::replay
