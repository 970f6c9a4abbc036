#pragma once
// Bodies that are on their way, each of which a thread waits for.

#include <cstddef>
#include <list>
#include <mutex>

namespace llmx::serve {

/// When there are too many, the one that has been coming longest is cut off: an honest client's comes at
/// once, and slow ones must not take all threads.
class Arrivals {
public:
    explicit Arrivals(std::size_t most) : most_(most) {}

    /// One body, as long as it lives.
    class Arrival {
    public:
        Arrival(Arrivals& all, int socket);
        ~Arrival();
        Arrival(const Arrival&) = delete;
        Arrival& operator=(const Arrival&) = delete;

    private:
        Arrivals& all_;
        int socket_;
    };

private:
    const std::size_t most_;
    std::mutex mutex_;
    std::list<int> sockets_;  ///< the oldest first
};

}  // namespace llmx::serve
