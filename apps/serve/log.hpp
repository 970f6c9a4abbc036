#pragma once
// The service's log: lines on standard error. Whatever has become of it (a full disk, a reader that is gone
// or stopped), nobody waits for it and nothing is thrown.

#include <cstdint>
#include <string_view>

namespace llmx::serve {

/// "llmx: serve: " and `message`, as one line. From any thread.
void log(std::string_view message) noexcept;

/// Lines that could not be written.
std::uint64_t lost_log_lines() noexcept;

}  // namespace llmx::serve
