#include "core/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <vector>

namespace llmx {
namespace {

TEST(Random, IsTheEngineThatTheStandardFixes) {
    // C++20, [rand.predef]: the 10000th draw of a default mt19937_64, whose seed is 5489.
    Random random(5489);
    double last = 0;
    for (int i = 0; i < 10000; ++i) last = random.uniform();
    EXPECT_EQ(last, static_cast<double>(9981545732273789042ULL >> 11) * 0x1p-53);
}

TEST(Random, BelowReachesEveryNumberAsOften) {
    Random random(1);
    std::vector<int> counts(7, 0);
    for (int i = 0; i < 70000; ++i) ++counts.at(random.below(7));
    for (const int count : counts) EXPECT_NEAR(count, 10000, 400);  // 4.3 standard deviations
    EXPECT_EQ(random.below(1), 0U);
    // Two thirds of 2^64: taking remainders alone would give the lower half twice as often.
    const std::uint64_t large = 3ULL << 62;
    int lower = 0;
    for (int i = 0; i < 10000; ++i) lower += random.below(large) < large / 3 ? 1 : 0;
    EXPECT_NEAR(lower, 3333, 200);
}

TEST(Random, UniformAndCoin) {
    Random random(2);
    double sum = 0;
    int heads = 0;
    for (int i = 0; i < 10000; ++i) {
        const double u = random.uniform();
        ASSERT_GE(u, 0);
        ASSERT_LT(u, 1);
        sum += u;
        heads += random.coin() ? 1 : 0;
    }
    EXPECT_NEAR(sum / 10000, 0.5, 0.012);
    EXPECT_NEAR(heads, 5000, 210);
}

TEST(Random, NormalHasItsMoments) {
    Random random(4);
    constexpr int count = 40000;
    double sum = 0;
    double squares = 0;
    double fourth = 0;
    int within = 0;
    for (int i = 0; i < count; ++i) {
        const double x = random.normal();
        sum += x;
        squares += x * x;
        fourth += x * x * x * x;
        within += std::abs(x) < 1 ? 1 : 0;
    }
    EXPECT_NEAR(sum / count, 0, 0.02);
    EXPECT_NEAR(squares / count, 1, 0.03);
    EXPECT_NEAR(fourth / count, 3, 0.2);
    EXPECT_NEAR(static_cast<double>(within) / count, 0.6827, 0.01);
}

TEST(Random, ShuffleReachesEveryOrderAsOften) {
    Random random(3);
    std::map<std::vector<int>, int> counts;
    for (int i = 0; i < 24000; ++i) {
        std::vector<int> order{0, 1, 2, 3};
        random.shuffle(std::span(order));
        ++counts[order];
    }
    EXPECT_EQ(counts.size(), 24U);
    for (const auto& [order, count] : counts) EXPECT_NEAR(count, 1000, 140);
}

}  // namespace
}  // namespace llmx
