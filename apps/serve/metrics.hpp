#pragma once
// What the service has done, as Prometheus reads it.

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace llmx::serve {

/// Of the moment at which somebody asks.
struct Gauges {
    bool ready = false;
    int waiting = 0, waiting_most = 0, running = 0;
    std::uint64_t worker_resident = 0;  ///< bytes
};

class Metrics {
public:
    void answered(const std::string& path, int status, double seconds);
    /// A request whose client left before its answer.
    void abandoned();
    void timed_out();
    void worker_restarted();
    void wrote(int prompt_tokens, int answer_tokens);

    /// Text exposition format 0.0.4.
    [[nodiscard]] std::string text(const Gauges& now) const;

private:
    static constexpr std::array<double, 12> bounds = {0.005, 0.02, 0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600};
    struct Histogram {
        std::array<std::uint64_t, bounds.size() + 1> counts = {};
        double sum = 0;
    };
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, int>, std::uint64_t> answers_;
    std::map<std::string, Histogram> seconds_;
    std::uint64_t abandoned_ = 0, timed_out_ = 0, restarts_ = 0, prompt_tokens_ = 0, answer_tokens_ = 0;
};

/// Bytes of a process that are in memory; 0 where nobody tells.
std::uint64_t resident_bytes(int process);

}  // namespace llmx::serve
