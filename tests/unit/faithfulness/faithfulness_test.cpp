// Faithfulness on games whose numbers are known in closed form.

#include "faithfulness/faithfulness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include "core/random.hpp"
#include "support/expect_error.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

using faithfulness::Map;
using faithfulness::measure;
using method::Coalition;

/// v(S) = f(Σ of the weights of S).
class WeightedGame : public method::Game {
public:
    WeightedGame(std::vector<double> weights, std::function<double(double)> f)
        : weights_(std::move(weights)), f_(std::move(f)) {}
    [[nodiscard]] std::size_t units() const override { return weights_.size(); }
    [[nodiscard]] std::size_t targets() const override { return 1; }
    std::vector<std::vector<double>> values(std::span<const Coalition> coalitions) override {
        ++calls;
        std::vector<std::vector<double>> found;
        for (const Coalition& c : coalitions) {
            asked.insert(c);
            order.push_back(c);
            double sum = 0;
            for (std::size_t u = 0; u < c.size(); ++u) sum += c[u] * weights_[u];
            found.push_back({f_(sum)});
        }
        return found;
    }

    int calls = 0;
    std::set<Coalition> asked;
    std::vector<Coalition> order;

private:
    std::vector<double> weights_;
    std::function<double(double)> f_;
};

/// p = 0.1 + Σ w.
WeightedGame linear(const std::vector<double>& weights) {
    return {weights, [](double sum) { return std::log(0.1 + sum); }};
}

const std::vector<double> ten = {0.01, 0.09, 0.03, 0.02, 0.08, 0.05, 0.04, 0.06, 0.07, 0.10};  // Σ = 0.55

Map negated(Map map) {
    for (double& score : map) score = -score;
    return map;
}

/// A random map is called better than random at the stated rate: once in 20 numbers.
TEST(Faithfulness, ARandomMapIsBetterThanRandomOnceInTwenty) {
    Random random(7);
    constexpr int maps = 40;
    constexpr int rounds = 50;
    int better = 0;
    int worse = 0;
    int numbers = 0;
    for (int round = 0; round < rounds; ++round) {
        std::vector<double> weights(20);
        for (double& w : weights) w = random.uniform();
        auto game = linear(weights);
        for (int m = 0; m < maps; ++m) {
            Map map(20);
            for (double& score : map) score = random.uniform();
            const auto seed = static_cast<std::uint32_t>(round * maps + m);
            const Faithfulness f = measure(game, std::vector<Map>{map}, 5, seed).front();
            for (const auto& number : {f.comprehensiveness, f.sufficiency, f.deletion_area, *f.kendall_tau}) {
                ASSERT_TRUE(number.p_value);
                better += *number.p_value < 0.05 ? 1 : 0;
                worse += *number.p_value > 0.95 ? 1 : 0;
                ++numbers;
            }
        }
    }
    // 8,000 numbers, some of them of one map: the deviation of the rate is about 0.004.
    EXPECT_NEAR(static_cast<double>(better) / numbers, 0.05, 0.012);
    EXPECT_NEAR(static_cast<double>(worse) / numbers, 0.05, 0.012);
}

TEST(Faithfulness, LinearGameInClosedForm) {
    auto game = linear(ten);
    const auto f = measure(game, std::vector<Map>{ten}, 5, 0).front();
    // The k largest weights are 0.10, 0.09 ...: k of them sum to 0.105 k - 0.005 k², all less 0.55 to that.
    double taken = 0;
    double left = 0;
    for (int k = 0; k <= 10; ++k) {
        const double top = 0.105 * k - 0.005 * k * k;
        const auto i = static_cast<std::size_t>(k);
        EXPECT_CLOSE(f.fractions[i], 0.1 * k, 2.3e-16);
        EXPECT_CLOSE(f.deletion[i], 0.65 - top, 2.3e-16);
        EXPECT_CLOSE(f.insertion[i], 0.1 + top, 2.3e-16);
        taken += top;
        left += k == 0 ? 0 : 0.55 - top;
    }
    EXPECT_CLOSE(f.comprehensiveness.value, taken / 10, 2.3e-16);  // 0.385
    EXPECT_CLOSE(f.comprehensiveness.value, 0.385, 2.3e-16);
    EXPECT_CLOSE(f.sufficiency.value, left / 10, 2.3e-16);  // 0.165
    // Trapezoids: ends half.
    EXPECT_CLOSE(f.deletion_area.value, 0.65 - (taken - 0.55 / 2) / 10, 2.3e-16);
    EXPECT_CLOSE(f.insertion_area.value, 0.1 + (taken - 0.55 / 2) / 10, 2.3e-16);
    EXPECT_CLOSE(f.kendall_tau.value().value, 1.0, 2.3e-16);
    EXPECT_EQ(f.random_seeds, 5);
}

TEST(Faithfulness, AMeasureIsTakenAsItIs) {
    // v = Σ w: what the probability of the linear game above is, less 0.1.
    WeightedGame game(ten, [](double sum) { return sum; });
    const auto f = measure(game, std::vector<Map>{ten, negated(ten)}, 5, 0, faithfulness::Scale::measure);
    EXPECT_CLOSE(f[0].deletion.front(), 0.55, 2.3e-16);
    EXPECT_CLOSE(f[0].insertion.front(), 0, 2.3e-16);
    EXPECT_CLOSE(f[0].comprehensiveness.value, 0.385, 2.3e-16);
    EXPECT_CLOSE(f[0].sufficiency.value, 0.165, 2.3e-16);
    EXPECT_CLOSE(f[0].kendall_tau.value().value, 1.0, 2.3e-16);
    EXPECT_CLOSE(f[1].kendall_tau.value().value, -1.0, 2.3e-16);
}

TEST(Faithfulness, RightRankingBeatsItsReverse) {
    auto game = linear(ten);
    const auto both = measure(game, std::vector<Map>{ten, negated(ten)}, 5, 3);
    const auto& [right, wrong] = std::pair(both[0], both[1]);
    EXPECT_GT(right.comprehensiveness.value, right.comprehensiveness.random);
    EXPECT_LT(right.sufficiency.value, right.sufficiency.random);
    EXPECT_LT(right.deletion_area.value, right.deletion_area.random);
    EXPECT_GT(right.insertion_area.value, right.insertion_area.random);
    EXPECT_LT(wrong.comprehensiveness.value, wrong.comprehensiveness.random);
    EXPECT_GT(wrong.sufficiency.value, wrong.sufficiency.random);
    EXPECT_CLOSE(wrong.kendall_tau.value().value, -1.0, 2.3e-16);
    // Both stand beside the same random rankings.
    EXPECT_EQ(right.comprehensiveness.random, wrong.comprehensiveness.random);
    // In a linear game what is taken away and what is put in add up.
    for (std::size_t i = 0; i < right.deletion.size(); ++i)
        EXPECT_CLOSE(right.deletion[i] + right.insertion[i], 0.65 + 0.1, 2.3e-16);
}

TEST(Faithfulness, RandomRankingsLieInTheMiddle) {
    constexpr int seeds = 2000;
    auto game = linear(ten);
    const auto f = measure(game, std::vector<Map>{ten}, seeds, 0).front();
    // k units drawn at random hold k/10 of the sum: mean over k of 0.55 k/10.
    const auto near = [&](const Faithfulness::Number& n, double expected) {
        EXPECT_GT(n.random_deviation, 0);
        EXPECT_NEAR(n.random, expected, 4 * n.random_deviation / std::sqrt(seeds));
    };
    near(f.comprehensiveness, 0.55 * 0.55);
    near(f.sufficiency, 0.55 * 0.45);
    near(f.deletion_area, 0.1 + 0.55 / 2);
    near(f.insertion_area, 0.1 + 0.55 / 2);
    near(f.kendall_tau.value(), 0);
    for (std::size_t k = 0; k <= 10; ++k) {
        EXPECT_NEAR(f.random_deletion[k], 0.65 - 0.055 * static_cast<double>(k), 0.01);
        EXPECT_NEAR(f.random_insertion[k], 0.1 + 0.055 * static_cast<double>(k), 0.01);
    }
    // The variance of tau among random orders of n is 2 (2n + 5) / (9 n (n - 1)) (Kendall 1938).
    EXPECT_NEAR(f.kendall_tau->random_deviation, std::sqrt(2.0 * 25 / (9 * 10 * 9)), 0.02);
}

TEST(Faithfulness, TheGameIsAskedOnceAndNoMoreThanPlanned) {
    auto game = linear(ten);
    measure(game, std::vector<Map>{ten, negated(ten)}, 5, 0);
    EXPECT_EQ(game.calls, 1);
    EXPECT_LE(static_cast<double>(game.asked.size()), faithfulness::evaluations(10, 2, 5));
}

TEST(Faithfulness, SeedsDecideTheRandomRankings) {
    auto game = linear(ten);
    const auto random_of = [&](std::uint32_t seed) {
        return measure(game, std::vector<Map>{ten}, 4, seed).front().comprehensiveness.random;
    };
    EXPECT_EQ(random_of(7), random_of(7));
    EXPECT_NE(random_of(7), random_of(8));
}

TEST(Faithfulness, NoSeedUsesTheRankingsOfAnother) {
    // Of ten units a ranking is what is put in at its ten steps. 250 drawn of 10! meet with probability 0.9
    // %.
    constexpr std::size_t rankings = 5;
    constexpr std::uint32_t seeds = 50;
    std::set<std::vector<Coalition>> found;
    for (std::uint32_t seed = 0; seed < seeds; ++seed) {
        auto game = linear(ten);
        measure(game, std::vector<Map>{ten}, rankings, seed);
        for (std::size_t r = 1; r <= rankings; ++r) {
            std::vector<Coalition> steps;
            for (std::size_t step = 0; step <= 10; ++step)
                steps.push_back(game.order[1 + ten.size() + 2 * (11 * r + step) + 1]);
            found.insert(steps);
        }
    }
    EXPECT_EQ(found.size(), rankings * seeds);
}

TEST(Faithfulness, EqualUnitsHaveNoRankCorrelation) {
    auto game = linear(std::vector<double>(4, 0.1));
    const auto f = measure(game, std::vector<Map>{{4, 3, 2, 1}}, 3, 0).front();
    EXPECT_FALSE(f.kendall_tau.has_value());
    EXPECT_CLOSE(f.comprehensiveness.value, f.comprehensiveness.random, 2.3e-16);
    EXPECT_CLOSE(f.comprehensiveness.random_deviation, 0, 2.3e-16);
}

TEST(Faithfulness, OneUnitIsTakenWithTheFirstTenth) {
    auto game = linear({0.4});
    const auto f = measure(game, std::vector<Map>{{1.0}}, 2, 0).front();
    EXPECT_CLOSE(f.comprehensiveness.value, 0.4, 2.3e-16);
    EXPECT_CLOSE(f.sufficiency.value, 0.0, 2.3e-16);
    EXPECT_CLOSE(f.deletion_area.value, 0.1 + 0.4 / 20, 2.3e-16);
    EXPECT_FALSE(f.kendall_tau.has_value());
}

TEST(Faithfulness, TopIsTheFewestUnitsOfThatPart) {
    EXPECT_EQ(faithfulness::top(10, 0), 0U);
    EXPECT_EQ(faithfulness::top(10, 3), 3U);
    EXPECT_EQ(faithfulness::top(7, 1), 1U);
    EXPECT_EQ(faithfulness::top(7, 5), 4U);  // 3.5
    EXPECT_EQ(faithfulness::top(7, 10), 7U);
}

TEST(Faithfulness, EqualScoresRankByPosition) {
    EXPECT_THAT(faithfulness::ranking(Map{0, 2, -5, 2, 0}), testing::ElementsAre(1, 3, 0, 4, 2));
}

TEST(Faithfulness, RefusesOneSeedAndMapsOfOtherUnits) {
    auto game = linear(ten);
    test::expect_error(ErrorCode::usage, {"`seeds`: got 1"},
                       [&] { measure(game, std::vector<Map>{ten}, 1, 0); });
    test::expect_error(ErrorCode::usage, {"2 scores for 10 units"}, [&] {
        measure(game, std::vector<Map>{{1, 2}}, 2, 0);
    });
}

}  // namespace
}  // namespace llmx
