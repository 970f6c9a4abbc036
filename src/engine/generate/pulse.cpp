#include "engine/generate/pulse.hpp"

#include <algorithm>
#include <llmx/error.hpp>

namespace llmx::engine {

using Clock = std::chrono::steady_clock;

void Pulse::at(int done) {
    done_ = std::min(done, tokens_);
    report();
    check();
}

bool Pulse::should_stop() {
    if (!cancelled_ && Clock::now() - last_report_ > std::chrono::milliseconds(20)) report();
    return cancelled_;
}

void Pulse::check() const {
    if (thrown_) std::rethrow_exception(thrown_);
    if (cancelled_) throw Error(ErrorCode::cancelled, "generate: cancelled");
}

void Pulse::report() {
    last_report_ = Clock::now();
    try {
        cancelled_ = cancelled_ || (progress_ && !progress_("generate", double(done_) / tokens_));
    } catch (...) {
        thrown_ = std::current_exception();
        cancelled_ = true;
    }
}

}  // namespace llmx::engine
