#pragma once

#include <cstdint>

namespace llmx {

/// The most memory that this process has had resident so far, in bytes; 0 where it cannot be known.
std::uint64_t peak_rss();

/// Memory that can be had without swapping, in bytes (Linux: MemAvailable of /proc/meminfo); 0 where it
/// cannot be known.
std::uint64_t available_memory();

}  // namespace llmx
