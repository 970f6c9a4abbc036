#pragma once
// Several requests at a time, as long as the memory is expected to hold them.

#include <condition_variable>
#include <cstdint>
#include <llmx/model.hpp>
#include <mutex>

namespace llmx::cli {

/// What a request is expected to take besides the weights, in bytes: cache, logits, scores of attention, and
/// the values that are recorded (at most `budget`, unless that is 0). An estimate.
std::uint64_t estimated_memory(const ModelFacts& model, std::size_t prompt, std::size_t answer,
                               std::uint64_t budget);

class MemoryGate {
public:
    /// `limit`: bytes for all; 0: no limit.
    explicit MemoryGate(std::uint64_t limit) : limit_(limit) {}

    /// As long as it lives, its bytes are taken.
    class Pass {
    public:
        Pass(MemoryGate& gate, std::uint64_t bytes) : gate_(gate), bytes_(bytes) {}
        ~Pass() { gate_.leave(bytes_); }
        Pass(const Pass&) = delete;
        Pass& operator=(const Pass&) = delete;

    private:
        MemoryGate& gate_;
        std::uint64_t bytes_;
    };

    /// Waits until `bytes` fit beside what others have taken and `weights`, or nobody else is in.
    Pass enter(std::uint64_t bytes, std::uint64_t weights);
    /// True once, after somebody had to wait.
    bool take_notice();

private:
    void leave(std::uint64_t bytes);

    std::uint64_t limit_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t taken_ = 0;
    int inside_ = 0;
    bool waited_ = false, noticed_ = false;
};

}  // namespace llmx::cli
