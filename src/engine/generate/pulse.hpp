#pragma once
// What a request's passes report to, and what stops them.

#include <chrono>
#include <exception>

#include <llmx/progress.hpp>

namespace llmx::engine {

/// Counts the tokens done of a request and asks its caller whether to go on.
class Pulse {
public:
    /// `tokens`: how many there will be at most. `progress` must outlive this.
    Pulse(const Progress& progress, int tokens) : progress_(progress), tokens_(tokens) {}

    [[nodiscard]] bool wanted() const { return static_cast<bool>(progress_); }

    /// Reports that so many tokens are done. Throws what the caller's callback throws, and
    /// Error{cancelled} where it wants to stop.
    void at(int done);

    /// Asked by ggml between nodes, hundreds of times a pass: the caller is asked now and then.
    bool should_stop();

    /// After a pass that `should_stop` may have ended: throws as `at` does.
    void check() const;

private:
    void report();

    const Progress& progress_;
    int tokens_;
    int done_ = 0;
    bool cancelled_ = false;
    std::exception_ptr thrown_;
    std::chrono::steady_clock::time_point last_report_{};
};

}  // namespace llmx::engine
