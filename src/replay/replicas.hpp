#pragma once
// Independent pieces of work that run side by side, but start and hand in one after another: what is drawn
// at the start and summed at the end comes in the same order every time.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

namespace llmx::replay {

/// Hands out pieces [0, count).
class Queue {
public:
    explicit Queue(std::size_t count) : count_(count) {}

    /// The next piece, once `start` has been told of it; none where all are handed out or a replica failed.
    std::optional<std::size_t> next(const std::function<void(std::size_t piece)>& start);
    /// Runs `take` when all earlier pieces have been handed in; not where a replica has failed.
    void hand_in(std::size_t piece, const std::function<void()>& take);
    /// Ends the work of all replicas.
    void fail();

private:
    std::size_t count_;
    std::mutex mutex_;
    std::condition_variable turn_;
    std::size_t started_ = 0;
    std::size_t handed_in_ = 0;
    bool failed_ = false;
};

/// Runs work(replica, queue) in several replicas, the first of them on the calling thread. Throws what the
/// first replica to fail threw, when all have ended.
void in_replicas(std::size_t replicas, std::size_t count,
                 const std::function<void(std::size_t, Queue&)>& work);

}  // namespace llmx::replay
