#include "log.hpp"

#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <string>

namespace llmx::serve {
namespace {

std::atomic<std::uint64_t> lost = 0;

/// A pipe that is ready takes a line of up to PIPE_BUF bytes whole and at once.
bool is_ready() {
    pollfd error = {STDERR_FILENO, POLLOUT, 0};
    return poll(&error, 1, 0) == 1 && (error.revents & POLLOUT) != 0;
}

bool written(const std::string& line) {
    static std::mutex one_at_a_time;
    const std::lock_guard lock(one_at_a_time);
    if (!is_ready()) return false;
    ssize_t sent = 0;
    do sent = write(STDERR_FILENO, line.data(), line.size());
    while (sent < 0 && errno == EINTR);
    return sent == static_cast<ssize_t>(line.size());
}

}  // namespace

void log(std::string_view message) noexcept {
    try {
        constexpr std::size_t most = PIPE_BUF - 64;
        if (!written(fmt::format("llmx: serve: {}\n", message.substr(0, most)))) ++lost;
    } catch (...) {  // no memory for the line
        ++lost;
    }
}

std::uint64_t lost_log_lines() noexcept { return lost; }

}  // namespace llmx::serve
