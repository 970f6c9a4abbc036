#pragma once
// One piece of work for the model: what is asked, and what has come of it so far.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "http_error.hpp"

namespace llmx::serve {

struct JobSpec {
    std::string request;  ///< JSON, with the keys of the command line
    bool explain = true;  ///< false: only the answer is wanted
    bool stream = false;  ///< tokens and progress are wanted as they come
};

struct Event {
    enum class Kind { token, progress, result, failure };
    Kind kind = Kind::progress;
    nlohmann::json head;  ///< token: "text"; progress: "stage", "done"; result: the answer's facts
    std::string payload;  ///< the result, as JSON
    std::optional<HttpError> failure;

    [[nodiscard]] bool is_last() const { return kind == Kind::result || kind == Kind::failure; }
};

/// Events go in at one end, in the dispatcher's thread, and out at the other, in that of the connection.
class Job {
public:
    /// Throws Error{internal} where the system has no descriptor left.
    Job(std::uint64_t number, JobSpec what);
    ~Job();
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

    const std::uint64_t id;
    const JobSpec ask;

    /// Nothing after the last one. Progress that nobody took yet is replaced by newer one.
    void put(Event event);
    /// Waits for one, so long at most.
    std::optional<Event> take(std::chrono::milliseconds longest);
    /// Can be read while there are events.
    [[nodiscard]] int descriptor() const { return ready_; }

    /// Nobody waits any more. The dispatcher finds out by itself: `Dispatcher::cancel` wakes it.
    void give_up() { given_up_ = true; }
    [[nodiscard]] bool is_given_up() const { return given_up_; }

private:
    std::mutex mutex_;
    int ready_;  ///< an event descriptor
    std::deque<Event> events_;
    bool ended_ = false;
    std::atomic<bool> given_up_ = false;
};

}  // namespace llmx::serve
