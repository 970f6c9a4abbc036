#include "core/memory.hpp"

#include <sys/resource.h>

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

}  // namespace llmx
