#include "core/profile.hpp"

#include <algorithm>

namespace llmx {

void Profile::add(const std::string& part, const std::string& operation, double seconds) {
    const std::scoped_lock lock(mutex_);
    Entry& entry = all_[{part, operation}];
    entry.part = part;
    entry.operation = operation;
    entry.seconds += seconds;
    ++entry.nodes;
}

std::vector<Profile::Entry> Profile::entries() const {
    const std::scoped_lock lock(mutex_);
    std::vector<Entry> entries;
    for (const auto& [key, entry] : all_) entries.push_back(entry);
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return a.part != b.part ? a.part < b.part : a.seconds > b.seconds;
    });
    return entries;
}

Profile& profile() {
    static Profile of_process;
    return of_process;
}

double lap(std::chrono::steady_clock::time_point& start) {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(start, now)).count();
}

}  // namespace llmx
