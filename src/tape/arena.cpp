#include "tape/arena.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace llmx::tape {

namespace {
constexpr std::size_t alignment = 64;
constexpr std::size_t chunk_bytes = std::size_t{8} << 20;
}  // namespace

void Arena::Free::operator()(void* memory) const { std::free(memory); }

void* Arena::take(std::size_t bytes) {
    bytes = (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
    while (current_ < chunks_.size() && chunks_[current_].size - chunks_[current_].used < bytes) ++current_;
    if (current_ == chunks_.size()) add_chunk(std::max(bytes, chunk_bytes));
    Chunk& chunk = chunks_[current_];
    void* memory = static_cast<char*>(chunk.memory.get()) + chunk.used;
    chunk.used += bytes;
    used_ += bytes;
    return memory;
}

void Arena::add_chunk(std::size_t bytes) {
    Chunk chunk;
    chunk.size = bytes;
    chunk.memory.reset(std::aligned_alloc(alignment, bytes));
    if (!chunk.memory) throw std::bad_alloc();
    chunks_.push_back(std::move(chunk));
}

std::size_t Arena::size() const {
    std::size_t bytes = 0;
    for (const Chunk& chunk : chunks_) bytes += chunk.size;
    return bytes;
}

void Arena::reset(std::size_t bytes) {
    bytes = (bytes + alignment - 1) / alignment * alignment;
    if (bytes > 0 && (chunks_.empty() || chunks_.front().size < bytes)) {
        chunks_.clear();
        add_chunk(bytes);
    }
    for (Chunk& chunk : chunks_) chunk.used = 0;
    current_ = 0;
    used_ = 0;
    ++resets_;
}

}  // namespace llmx::tape
