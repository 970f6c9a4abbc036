#pragma once
// What the program shows on a terminal while it works: colours or not, a progress bar, text as it is
// written; and Ctrl-C. Only here are the environment and the kind of a stream asked for.

#include <chrono>
#include <llmx/activity.hpp>
#include <string>
#include <string_view>

namespace llmx::cli {

/// `--color` as given: auto (a terminal, and neither NO_COLOR nor TERM=dumb set), always, never.
/// Throws Error{usage} for another word.
bool wants_color(const std::string& mode);

/// From now on the first Ctrl-C (or SIGTERM) makes `interrupted` answer the signal's number, so that
/// the work in progress is cancelled; the second kills.
void catch_interrupts();
int interrupted();

/// Throws Error{cancelled} after a Ctrl-C.
void require_not_interrupted();

/// Standard error while working. Silent where that is no terminal, and where `quiet`.
class TerminalActivity final : public Activity {
public:
    explicit TerminalActivity(bool quiet);
    ~TerminalActivity() override;

    /// Draws a bar, with an estimate of the time left, once the work has taken a second; false after Ctrl-C.
    Progress progress() override;
    void stream(std::string_view text) override;
    void notice(std::string_view sentence) override;
    /// Removes the bar, ends a streamed line.
    void clear() override;
    /// Throws after a Ctrl-C.
    void require_wanted() override { require_not_interrupted(); }

private:
    using Clock = std::chrono::steady_clock;

    void erase();
    void draw(std::string_view stage, double done);
    [[nodiscard]] std::string estimate(Clock::time_point now, double done) const;

    bool quiet_;
    bool shown_;  ///< progress is: on a terminal only
    bool bar_ = false, streaming_ = false;
    Clock::time_point start_ = Clock::now(), drawn_ = start_;
    std::string stage_;
    Clock::time_point stage_start_ = start_;
};

}  // namespace llmx::cli
