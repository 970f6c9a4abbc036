#pragma once
// Memory for recorded values, kept between passes: fresh pages cost more than the copies.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace llmx::tape {

class Arena {
public:
    /// `bytes` of memory, aligned for vectors, until the next reset.
    void* take(std::size_t bytes);
    /// Makes all memory available again, `bytes` of it in one stretch: values of other sizes than the last
    /// ones leave no gaps there.
    void reset(std::size_t bytes = 0);
    [[nodiscard]] std::size_t used() const { return used_; }
    /// Bytes that it holds, used or not.
    [[nodiscard]] std::size_t size() const;
    /// How often that has been done: memory taken at an earlier count may hold something else by now.
    [[nodiscard]] std::uint64_t resets() const { return resets_; }

private:
    struct Free {
        void operator()(void* memory) const;
    };
    struct Chunk {
        std::unique_ptr<void, Free> memory;
        std::size_t size = 0;
        std::size_t used = 0;
    };
    void add_chunk(std::size_t bytes);

    std::vector<Chunk> chunks_;
    std::size_t current_ = 0;
    std::size_t used_ = 0;
    std::uint64_t resets_ = 0;
};

}  // namespace llmx::tape
