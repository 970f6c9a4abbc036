#pragma once
// Loops over threads. OpenMP, because llama.cpp and oneDNN use its pool too: a second pool would fight
// the first one for the cores.

#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace llmx {

/// Calls body(first, last) on contiguous blocks of [0, count), one block a thread, the same blocks for
/// the same thread count. `body` must not throw. Inside another parallel loop it runs in place.
template <class Body>
void parallel_blocks(int threads, std::int64_t count, Body&& body) {
    if (threads <= 1 || count <= 1 || omp_in_parallel() != 0) {
        if (count > 0) body(std::int64_t{0}, count);
        return;
    }
    const std::int64_t blocks = std::min<std::int64_t>(threads, count);
#pragma omp parallel for num_threads(static_cast<int>(blocks)) schedule(static, 1)
    for (std::int64_t block = 0; block < blocks; ++block) {
        body(count * block / blocks, count * (block + 1) / blocks);
    }
}

}  // namespace llmx
