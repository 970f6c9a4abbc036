#pragma once
// One model worker behind a bounded queue. Every job ends with a result or a failure, whatever becomes of
// the worker.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "job.hpp"
#include "metrics.hpp"
#include "worker_process.hpp"

namespace llmx::serve {

struct WorkPlan {
    std::string worker_terms;                   ///< the worker's first message: ServiceTerms as JSON
    std::size_t longest_queue = 16;             ///< jobs that wait, besides the one that runs
    std::chrono::seconds longest_work{600};     ///< for one job, its wait not counted
    std::chrono::milliseconds patience{5'000};  ///< a cancelled worker has to stop within it, else is killed
};

class Dispatcher {
public:
    Dispatcher(WorkPlan plan, Metrics& metrics);
    ~Dispatcher();
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;

    /// Loads the model. Throws its Error where that fails; nothing runs then.
    void start();
    /// Throws HttpError: 429 where the queue is full, 503 where the service stops.
    std::shared_ptr<Job> submit(JobSpec ask);
    /// Nobody waits for it any more.
    void cancel(Job& job);
    /// Takes no more work. What waits fails; what runs may go on for so long, and is cancelled then.
    void stop(std::chrono::milliseconds grace);

    /// How many jobs come before it; nothing: it runs, or has ended.
    [[nodiscard]] std::optional<std::size_t> ahead_of(const Job& job) const;
    /// "ready", "restarting", "stopping"
    [[nodiscard]] std::string state() const;
    /// What the worker said of its model.
    [[nodiscard]] nlohmann::json model() const;
    [[nodiscard]] Gauges gauges() const;

private:
    using Clock = std::chrono::steady_clock;
    enum class Waited { message, nothing, gone };

    void loop();
    void load();
    bool load_again();
    std::shared_ptr<Job> next();
    void run(Job& job);
    void time_out(Job& job);
    bool waits_again(const Job& job);
    bool passed_on(Job& job, Message message);
    void worker_died(Job* job);
    void fail_waiting(const HttpError& failure);
    Waited wait(Message& message, Clock::time_point until);
    void wake() const;
    [[nodiscard]] bool is_stopping() const;

    const WorkPlan plan_;
    Metrics& metrics_;
    int wake_;  ///< an event: something has changed
    std::unique_ptr<WorkerProcess> worker_;
    std::thread thread_;

    mutable std::mutex mutex_;  ///< of all below
    std::condition_variable idle_;
    std::deque<std::shared_ptr<Job>> waiting_;
    std::shared_ptr<Job> running_;
    nlohmann::json model_;
    std::uint64_t last_ = 0;
    std::uint64_t again_ = 0;  ///< the job that waited again last
    pid_t worker_id_ = 0;      ///< 0: none that is ready
    bool stopping_ = false;
};

}  // namespace llmx::serve
