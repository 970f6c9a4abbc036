#include "terminal/terminal.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <llmx/error.hpp>
#include <llmx/view.hpp>

#include "core/suggest.hpp"
#include "messages.hpp"

namespace llmx::cli {
namespace {

std::atomic<int> received_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free, "set inside a signal handler");

void on_signal(int signal) { received_signal = signal; }

bool is_set(const char* variable) {
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0';
}

bool is_dumb() {
    const char* term = std::getenv("TERM");
    return term != nullptr && std::string_view(term) == "dumb";
}

}  // namespace

bool wants_color(const std::string& mode) {
    static const std::array<std::string, 3> known = {"auto", "always", "never"};
    if (mode == "always") return true;
    if (mode == "never") return false;
    if (mode != "auto") throw_unknown("color", mode, known);
    return isatty(STDOUT_FILENO) == 1 && !is_set("NO_COLOR") && !is_dumb();
}

void catch_interrupts() {
    struct sigaction action = {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);  // the second one kills
    for (const int signal : {SIGINT, SIGTERM}) {
        struct sigaction before = {};
        sigaction(signal, nullptr, &before);
        if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
    }
}

int interrupted() { return received_signal; }

void require_not_interrupted() {
    if (interrupted() != 0) throw Error(ErrorCode::cancelled, "interrupted; nothing was written");
}

TerminalActivity::TerminalActivity(bool quiet)
    : quiet_(quiet), shown_(!quiet && isatty(STDERR_FILENO) == 1) {}

TerminalActivity::~TerminalActivity() { erase(); }

Progress TerminalActivity::progress() {
    return [this](std::string_view stage, double done) {
        if (shown_ && !streaming_) draw(stage, done);
        return interrupted() == 0;
    };
}

/// What is left of a stage, by the time that its part done has taken.
std::string TerminalActivity::estimate(Clock::time_point now, double done) const {
    const double taken = std::chrono::duration<double>(now - stage_start_).count();
    if (taken < 1 || done <= 0 || done >= 1) return "";
    const double left = taken * (1 - done) / done;
    if (left < 100) return fmt::format(", about {:.0f} s left", std::max(1.0, left));
    return fmt::format(", about {:.0f} min left", left / 60);
}

void TerminalActivity::draw(std::string_view stage, double done) {
    using namespace std::chrono_literals;
    const auto now = Clock::now();
    if (stage != stage_) {
        stage_ = stage;
        stage_start_ = now;
    }
    if (now - start_ < 1s || now - drawn_ < 100ms) return;
    drawn_ = now;
    constexpr int width = 30;
    const int full = static_cast<int>(std::clamp(done, 0.0, 1.0) * width);
    say(fmt::format("\r{:<10} [{:#<{}}{:.<{}}] {:3.0f} %{}\x1b[K", stage, "", full, "", width - full,
                    100 * std::clamp(done, 0.0, 1.0), estimate(now, done)));
    bar_ = true;
}

void TerminalActivity::stream(std::string_view text) {
    if (!shown_) return;
    if (!streaming_) erase();
    streaming_ = true;
    say(view::printable(text));
}

void TerminalActivity::notice(std::string_view sentence) {
    if (quiet_) return;
    erase();
    say(std::string(sentence) + "\n");
}

void TerminalActivity::clear() { erase(); }

void TerminalActivity::erase() {
    if (bar_) say("\r\x1b[K");
    if (streaming_) say("\n\n");
    bar_ = streaming_ = false;
}

}  // namespace llmx::cli
