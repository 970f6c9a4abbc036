#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/rank_correlation.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

using Scores = std::vector<double>;

/// Tau-b by its definition: a loop over all pairs.
double kendall_by_pairs(const Scores& a, const Scores& b) {
    double balance = 0, untied_a = 0, untied_b = 0;
    const auto sign = [](double x) { return (x > 0) - (x < 0); };
    for (std::size_t i = 0; i < a.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const int x = sign(a[i] - a[j]), y = sign(b[i] - b[j]);
            balance += x * y;
            untied_a += x * x;
            untied_b += y * y;
        }
    }
    return balance / std::sqrt(untied_a * untied_b);
}

double pearson(const Scores& a, const Scores& b) {
    const auto mean = [](const Scores& v) {
        double sum = 0;
        for (const double x : v) sum += x;
        return sum / static_cast<double>(v.size());
    };
    const double ma = mean(a), mb = mean(b);
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        ab += (a[i] - ma) * (b[i] - mb);
        aa += (a[i] - ma) * (a[i] - ma);
        bb += (b[i] - mb) * (b[i] - mb);
    }
    return ab / std::sqrt(aa * bb);
}

TEST(RankCorrelation, RanksAreFromOneAndShared) {
    EXPECT_THAT(ranks(Scores{0.5, 2, -1, 2}), testing::ElementsAre(3, 1.5, 4, 1.5));
    EXPECT_THAT(ranks(Scores{}), testing::IsEmpty());
}

TEST(RankCorrelation, KnownValues) {
    const Scores a{1, 2, 3, 4, 5};
    EXPECT_DOUBLE_EQ(*spearman(a, Scores{10, 20, 30, 40, 500}), 1);
    EXPECT_DOUBLE_EQ(*kendall(a, Scores{5, 4, 3, 2, 1}), -1);
    // One swap of neighbours: 1 - 6 * 2 / (5 * 24); 1 - 2 * 1 / 10.
    EXPECT_CLOSE(*spearman(a, Scores{1, 3, 2, 4, 5}), 0.9, 2.3e-16);
    EXPECT_CLOSE(*kendall(a, Scores{1, 3, 2, 4, 5}), 0.8, 2.3e-16);
    EXPECT_CLOSE(*cosine(Scores{1, 0}, Scores{1, 1}), std::sqrt(0.5), 2.3e-16);
    EXPECT_DOUBLE_EQ(*cosine(Scores{1e-44, 2e-44}, Scores{-1e38, -2e38}), -1);
}

TEST(RankCorrelation, NothingWhereItIsNotDefined) {
    const Scores constant{2, 2, 2}, other{1, 2, 3};
    EXPECT_FALSE(spearman(constant, other));
    EXPECT_FALSE(kendall(other, constant));
    EXPECT_FALSE(kendall(constant, constant));
    EXPECT_FALSE(cosine(Scores{0, 0, 0}, other));
    EXPECT_FALSE(spearman(Scores{1}, Scores{1}));
    EXPECT_FALSE(kendall(Scores{}, Scores{}));
}

TEST(RankCorrelation, AgreesWithTheDefinitionsOnRandomScoresWithTies) {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        const int levels = 2 + round % 9;  // few levels: many ties
        const std::size_t count = 2 + static_cast<std::size_t>(round) % 23;
        std::uniform_int_distribution<int> level(0, levels);
        Scores a(count), b(count);
        for (double& x : a) x = level(random);
        for (double& x : b) x = level(random);
        const auto tau = kendall(a, b);
        const double expected = kendall_by_pairs(a, b);
        ASSERT_EQ(tau.has_value(), !std::isnan(expected));
        if (!tau) continue;
        EXPECT_CLOSE(*tau, expected, 2.3e-16);
        EXPECT_CLOSE(*spearman(a, b), pearson(ranks(a), ranks(b)), 2.3e-16);
    }
}

}  // namespace
}  // namespace llmx
