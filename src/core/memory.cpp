#include "core/memory.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "core/split.hpp"

namespace llmx {

std::uint64_t peak_rss() {
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
#ifdef __APPLE__
    return static_cast<std::uint64_t>(usage.ru_maxrss);  // bytes
#else
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // kilobytes
#endif
}

namespace {

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

/// "KEY NUMBER" lines, or a lone number with an empty key.
std::uint64_t number_in(const std::filesystem::path& path, const std::string& key = {}) {
    std::ifstream file(path);
    std::string name;
    std::uint64_t number = 0;
    if (key.empty()) return file >> number ? number : unlimited;  // "max"
    while (file >> name >> number) {
        std::string unit;
        std::getline(file, unit);
        if (name == key) return number;
    }
    return 0;
}

struct Version {
    const char *folder, *limit, *usage, *prefix;
};
constexpr Version first{"memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"};
constexpr Version second{"", "memory.max", "memory.current", ""};

std::uint64_t left_in(const std::filesystem::path& group, const Version& version) {
    const std::uint64_t limit = number_in(group / version.limit);
    const std::uint64_t usage = number_in(group / version.usage);
    if (limit == unlimited || usage == unlimited) return unlimited;
    std::uint64_t cached = 0;
    for (const char* list : {"inactive_file", "active_file"})
        cached += number_in(group / "memory.stat", version.prefix + std::string(list));
    const std::uint64_t taken = usage - std::min(usage, cached);
    return limit - std::min(limit, taken);
}

}  // namespace

std::uint64_t left_in_groups(const std::filesystem::path& memberships, const std::filesystem::path& root) {
    std::uint64_t left = unlimited;
    std::ifstream file(memberships);
    for (std::string line; std::getline(file, line);) {  // "4:memory:/a/b", "0::/a/b"
        const std::size_t one = line.find(':');
        const std::size_t two = line.find(':', one + 1);
        if (two == std::string::npos) continue;
        const std::string names = line.substr(one + 1, two - one - 1);
        const std::vector<std::string> controllers = split(names, ',');
        const bool is_first =
            std::find(controllers.begin(), controllers.end(), "memory") != controllers.end();
        if (!is_first && !names.empty()) continue;
        const Version& version = is_first ? first : second;
        const std::filesystem::path top = root / version.folder;
        // a group is limited by those above it too; a container may see its own as the top
        std::filesystem::path below = std::filesystem::path(line.substr(two + 1)).relative_path();
        for (; !below.empty(); below = below.parent_path())
            left = std::min(left, left_in(top / below, version));
        left = std::min(left, left_in(top, version));
    }
    return left;
}

std::uint64_t available_memory() {
    const std::uint64_t available = number_in("/proc/meminfo", "MemAvailable:") * 1024;
    if (available == 0) return 0;
    return std::max<std::uint64_t>(
        1, std::min(available, left_in_groups("/proc/self/cgroup", "/sys/fs/cgroup")));
}

}  // namespace llmx
