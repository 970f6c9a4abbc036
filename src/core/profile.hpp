#pragma once
// Where the time of passes goes, by operation: `llmx explain --profile`.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace llmx {

/// Of this process.
class Profile {
public:
    /// While true, passes stop at every node to take the time; they are slower for it.
    std::atomic<bool> on{false};

    struct Entry {
        std::string part, operation;  ///< "pass", "MUL_MAT"
        double seconds = 0;
        std::int64_t nodes = 0;
    };
    void add(const std::string& part, const std::string& operation, double seconds);
    /// By part, those that took longest first.
    [[nodiscard]] std::vector<Entry> entries() const;

private:
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, Entry> all_;
};
Profile& profile();

/// Seconds since `start`, which becomes now.
double lap(std::chrono::steady_clock::time_point& start);

}  // namespace llmx
