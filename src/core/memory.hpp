#pragma once

#include <cstdint>
#include <filesystem>

namespace llmx {

/// The peak resident memory of this process so far, in bytes; 0 if unknown.
std::uint64_t peak_rss();

/// Memory available without swapping, in bytes: MemAvailable of /proc/meminfo, or less where a control group
/// (a container) limits this process to less; at least 1. 0: not known.
std::uint64_t available_memory();

/// What the control groups listed in `memberships` (/proc/self/cgroup) may still take, in bytes; `root`:
/// /sys/fs/cgroup. Versions 1 and 2; cached pages of files count as free (a model that is mapped is such).
/// The largest number if nothing limits them.
std::uint64_t left_in_groups(const std::filesystem::path& memberships, const std::filesystem::path& root);

}  // namespace llmx
