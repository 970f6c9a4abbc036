#pragma once

#include <cstdint>

namespace llmx {

/// The peak resident memory of this process so far, in bytes; 0 if unknown.
std::uint64_t peak_rss();

/// Memory available without swapping, in bytes (Linux: MemAvailable of /proc/meminfo); 0 if unknown.
std::uint64_t available_memory();

}  // namespace llmx
