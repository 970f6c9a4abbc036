#include "memory_gate.hpp"

#include <algorithm>

namespace llmx::cli {

std::uint64_t estimated_memory(const ModelFacts& model, std::size_t prompt, std::size_t answer,
                               std::uint64_t budget) {
    const std::uint64_t tokens = prompt + answer;
    const auto blocks = static_cast<std::uint64_t>(model.blocks);
    const std::uint64_t number = sizeof(float);
    // of longer texts, no matrix of scores is made
    const std::uint64_t keys = tokens < 512 ? tokens : 64;
    const std::uint64_t scores = static_cast<std::uint64_t>(model.heads) * tokens * keys * number;
    const std::uint64_t row = static_cast<std::uint64_t>(model.embedding) * tokens * number;
    const std::uint64_t cache = 2 * blocks * static_cast<std::uint64_t>(model.kv_heads) *
                                static_cast<std::uint64_t>(model.head_size) * tokens * number;
    const std::uint64_t logits = 2 * answer * static_cast<std::uint64_t>(model.vocabulary) * number;
    // Of a block some two dozen rows are kept (norms, projections, a feed-forward of three to four times the
    // width), and its scores before and after the softmax; while working, as much of a block again.
    const std::uint64_t block = 24 * row + 2 * scores;
    const std::uint64_t recorded = budget == 0 ? blocks * block : std::min(blocks * block, budget);
    return cache + logits + recorded + 2 * block;
}

MemoryGate::Pass MemoryGate::enter(std::uint64_t bytes, std::uint64_t weights) {
    std::unique_lock lock(mutex_);
    const auto fits = [&] { return limit_ == 0 || inside_ == 0 || weights + taken_ + bytes <= limit_; };
    if (!fits()) {
        waited_ = true;
        changed_.wait(lock, fits);
    }
    taken_ += bytes;
    ++inside_;
    return {*this, bytes};
}

void MemoryGate::leave(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    taken_ -= bytes;
    --inside_;
    changed_.notify_all();
}

bool MemoryGate::take_notice() {
    const std::lock_guard lock(mutex_);
    const bool first = waited_ && !noticed_;
    noticed_ = noticed_ || waited_;
    return first;
}

}  // namespace llmx::cli
