#pragma once
// Loops over threads. They use OpenMP because llama.cpp and oneDNN use its pool too: a second pool would
// compete for the cores.

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <exception>

namespace llmx {

/// Calls body(first, last) on contiguous blocks of [0, count), one block per thread, the same blocks for the
/// same thread count. Inside another parallel loop it runs serially. The first exception of a block, by time,
/// is rethrown when all have ended.
template <class Body>
void parallel_blocks(int threads, std::int64_t count, Body&& body) {
    if (threads <= 1 || count <= 1 || omp_in_parallel() != 0) {
        if (count > 0) body(std::int64_t{0}, count);
        return;
    }
    const std::int64_t blocks = std::min<std::int64_t>(threads, count);
    std::exception_ptr failure;
#pragma omp parallel for num_threads(static_cast <int>(blocks)) schedule(static, 1)
    for (std::int64_t block = 0; block < blocks; ++block) {
        try {
            body(count * block / blocks, count * (block + 1) / blocks);
        } catch (...) {
#pragma omp critical(llmx_parallel_failure)
            if (!failure) failure = std::current_exception();
        }
    }
    if (failure) std::rethrow_exception(failure);
}

/// Calls body(worker, i) for every i < count, dealt out to `threads` workers in turn: where later items take
/// longer, contiguous blocks would not. The same worker gets the same items for the same thread count.
template <class Body>
void parallel_turns(int threads, std::int64_t count, Body&& body) {
    parallel_blocks(threads, threads, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t worker = first; worker < last; ++worker) {
            for (std::int64_t i = worker; i < count; i += threads) body(worker, i);
        }
    });
}

}  // namespace llmx
