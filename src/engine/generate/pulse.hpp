#pragma once
// Progress and cancellation of a request's passes.

#include <chrono>
#include <exception>

#include <llmx/progress.hpp>

namespace llmx::engine {

/// Counts the tokens that are done and asks the caller whether to go on.
class Pulse {
public:
    /// `tokens`: an upper bound of their number. `progress` must outlive this.
    Pulse(const Progress& progress, int tokens) : progress_(progress), tokens_(tokens) {}

    [[nodiscard]] bool wanted() const { return static_cast<bool>(progress_); }

    /// Reports the number of tokens done so far. Throws what the caller's callback throws, and
    /// Error{cancelled} if it asks to stop.
    void at(int done);

    /// Called by ggml between nodes, hundreds of times per pass; passes the question on now and then.
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
