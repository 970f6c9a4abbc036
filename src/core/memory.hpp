#pragma once

#include <cstdint>

namespace llmx {

/// The most memory that this process has had resident so far, in bytes; 0 where it cannot be known.
std::uint64_t peak_rss();

}  // namespace llmx
