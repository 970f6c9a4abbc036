// Lanes: pieces start and are handed in in their order, every one once; a failure ends them all.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "replay/replicas.hpp"

namespace llmx::replay {
namespace {

TEST(Lanes, StartAndHandInInOrder) {
    constexpr std::size_t count = 40;
    for (const std::size_t replicas : {1U, 2U, 3U, 7U}) {
        std::vector<std::size_t> started;
        std::vector<std::size_t> handed_in;
        std::atomic<std::size_t> at_work = 0;
        std::atomic<std::size_t> most = 0;
        in_replicas(replicas, count, [&](std::size_t, Queue& queue) {
            while (const auto piece = queue.next([&](std::size_t k) { started.push_back(k); })) {
                most = std::max<std::size_t>(most, ++at_work);
                // the earlier of two pieces takes longer
                std::this_thread::sleep_for(std::chrono::microseconds(*piece % 2 == 0 ? 2000 : 10));
                --at_work;
                queue.hand_in(*piece, [&] { handed_in.push_back(*piece); });
            }
        });
        std::vector<std::size_t> all(count);
        std::iota(all.begin(), all.end(), 0U);
        EXPECT_EQ(started, all) << replicas;
        EXPECT_EQ(handed_in, all) << replicas;
        EXPECT_LE(most, replicas);
        EXPECT_GT(most, replicas > 1 ? 1U : 0U) << "side by side";
    }
}

TEST(Lanes, AFailureEndsAllAndIsThrown) {
    for (const std::size_t bad : {0U, 1U, 5U}) {
        std::vector<std::size_t> handed_in;
        const auto work = [&](std::size_t, Queue& queue) {
            while (const auto piece = queue.next([](std::size_t) {})) {
                if (*piece == bad) throw std::runtime_error("piece " + std::to_string(bad));
                queue.hand_in(*piece, [&] { handed_in.push_back(*piece); });
            }
        };
        try {
            in_replicas(3, 1000, work);
            FAIL() << "expected a failure";
        } catch (const std::runtime_error& failure) {
            EXPECT_EQ(failure.what(), "piece " + std::to_string(bad));
        }
        EXPECT_LE(handed_in.size(), bad) << "nothing behind the bad piece";
    }
}

TEST(Lanes, AFailureWhereAPieceIsTakenEndsAll) {
    const auto work = [&](std::size_t, Queue& queue) {
        while (const auto piece = queue.next([](std::size_t) {}))
            queue.hand_in(*piece, [&] {
                if (*piece == 3) throw std::runtime_error("full");
            });
    };
    EXPECT_THROW(in_replicas(2, 10, work), std::runtime_error);
}

}  // namespace
}  // namespace llmx::replay
