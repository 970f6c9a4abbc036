#pragma once
// Wrong keys, counted for each source: whoever tries many has to wait.

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace llmx::serve {

class Guesses {
public:
    using Clock = std::chrono::steady_clock;
    struct Limits {
        double at_once = 10;  ///< wrong keys that are answered at once
        double a_second = 1;  ///< and as many more each second
        std::size_t sources =
            4096;  ///< that are remembered; the one that has been quiet longest is forgotten
    };
    explicit Guesses(Limits limits) : limits_(limits) {}

    /// Whether a key of this source is looked at.
    bool may_guess(const std::string& source, Clock::time_point now = Clock::now());
    void was_wrong(const std::string& source, Clock::time_point now = Clock::now());

private:
    struct Left {
        double guesses;
        Clock::time_point since;
    };
    [[nodiscard]] double left(const std::string& source, Clock::time_point now) const;

    const Limits limits_;
    std::mutex mutex_;
    std::map<std::string, Left> left_;  ///< of those who have guessed wrong
};

}  // namespace llmx::serve
