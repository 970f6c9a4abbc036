// The time of a plain llama.cpp pass, in seconds: the best of several.
//   llmx_bench_plain MODEL THREADS ROUNDS ANSWER IDS...     ANSWER: the number of tokens, at the end of IDS,
//   whose
//                                                           logits are computed

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "plain_llama.hpp"

int main(int argc, char** argv) try {
    if (argc < 7) {
        fmt::print(stderr, "usage: llmx_bench_plain MODEL THREADS ROUNDS ANSWER IDS...\n");
        return 2;
    }
    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    std::vector<llama_token> ids;
    for (int i = 5; i < argc; ++i) ids.push_back(std::stoi(argv[i]));
    const std::size_t answer = std::stoul(argv[4]);
    PlainLlama llama(argv[1], ids, ids.size() - answer - 1, std::stoi(argv[2]));
    double best = 1e9;
    for (int round = 0; round < std::stoi(argv[3]); ++round) {
        const auto start = std::chrono::steady_clock::now();
        llama.pass();
        best =
            std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    fmt::print("{:.4f}\n", best);
    return 0;
} catch (const std::exception& failure) {
    fmt::print(stderr, "llmx_bench_plain: {}\n", failure.what());
    return 1;
}
