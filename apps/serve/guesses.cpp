#include "guesses.hpp"

#include <algorithm>

namespace llmx::serve {

double Guesses::left(const std::string& source, Clock::time_point now) const {
    const auto known = left_.find(source);
    if (known == left_.end()) return limits_.at_once;
    const std::chrono::duration<double> passed = now - known->second.since;
    return std::min(limits_.at_once, known->second.guesses + passed.count() * limits_.a_second);
}

bool Guesses::may_guess(const std::string& source, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    return left(source, now) >= 1;
}

void Guesses::was_wrong(const std::string& source, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    left_[source] = {left(source, now) - 1, now};
    if (left_.size() <= limits_.sources) return;
    left_.erase(std::min_element(left_.begin(), left_.end(), [](const auto& a, const auto& b) {
        return a.second.since < b.second.since;
    }));
}

}  // namespace llmx::serve
