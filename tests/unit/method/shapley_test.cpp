// Shapley values: exact, from orders, from the kernel.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <llmx/error.hpp>
#include <numeric>

#include "support/games.hpp"
#include "support/measured.hpp"

namespace llmx::test {
namespace {

using method::Coalition;
using method::Scores;

/// The mean over all orders, one by one: [targets][units].
std::vector<std::vector<double>> over_all_orders(ToyGame& game) {
    std::vector<std::vector<double>> sums(game.targets(), std::vector<double>(game.units(), 0.0));
    std::vector<std::size_t> order(game.units());
    std::iota(order.begin(), order.end(), 0);
    double orders = 0;
    do {
        Coalition kept(game.units(), 0);
        auto before = game.value(kept);
        for (const std::size_t u : order) {
            kept[u] = 1;
            const auto with = game.value(kept);
            for (std::size_t t = 0; t < game.targets(); ++t) sums[t][u] += with[t] - before[t];
            before = with;
        }
        orders += 1;
    } while (std::next_permutation(order.begin(), order.end()));
    for (auto& row : sums) {
        for (double& value : row) value /= orders;
    }
    return sums;
}

void expect_near(const Tensor& scores, const std::vector<std::vector<double>>& truth, double measured) {
    for (std::size_t t = 0; t < truth.size(); ++t) {
        for (std::size_t u = 0; u < truth[t].size(); ++u)
            EXPECT_CLOSE(scores.row(t)[u], truth[t][u], measured) << "target " << t << ", unit " << u;
    }
}

double sum(std::span<const float> scores) { return std::accumulate(scores.begin(), scores.end(), 0.0); }

/// Both ways to exact values.
class ExactShapley : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Methods, ExactShapley, testing::Values("shapley", "kernel_shap"));

TEST_P(ExactShapley, IsTheMeanOverAllOrders) {
    for (std::size_t units = 1; units <= 6; ++units) {
        auto game = random_game(units, 2, 100 + units);
        const Scores found = play(GetParam(), game);
        expect_near(found.scores, over_all_orders(game), 6e-8);  // what a float holds of them
        EXPECT_TRUE(found.standard_errors.empty());
        EXPECT_EQ(found.notes.at("exact"), "yes");
    }
}

TEST_P(ExactShapley, KeepsTheAxioms) {
    for (std::size_t units = 4; units <= 10; ++units) {
        auto table = random_game(units, 1, 200 + units);
        // Unit 1 does nothing, unit 2 adds 0.25 whatever there is, units 0 and 3 are alike.
        ToyGame game(units, 1, [&](Coalition kept, std::size_t) {
            const double own = 0.25 * kept[2];
            kept[1] = kept[2] = 0;
            if (kept[0] + kept[3] == 1) kept[0] = 1, kept[3] = 0;
            return own + table.value(kept)[0];
        });
        const Scores found = play(GetParam(), game);
        const auto scores = found.scores.row(0);
        EXPECT_CLOSE(scores[1], 0, 2.4e-16);
        EXPECT_CLOSE(scores[2], 0.25, 6e-8);
        EXPECT_CLOSE(scores[0], scores[3], 6e-8);
        const auto ends = game.values(std::vector{Coalition(units, 1), Coalition(units, 0)});
        EXPECT_CLOSE(sum(scores), ends[0][0] - ends[1][0], 6e-8);
        ASSERT_EQ(found.completeness.size(), 1U);
        EXPECT_EQ(found.completeness[0].f_input, ends[0][0]);
        EXPECT_EQ(found.completeness[0].f_baseline, ends[1][0]);
        EXPECT_EQ(found.completeness[0].residual, sum(scores) - (ends[0][0] - ends[1][0]));
    }
}

TEST(Shapley, TheKernelWithAllCoalitionsIsEnumeration) {
    for (std::size_t units = 7; units <= 12; ++units) {
        auto game = random_game(units, 2, 300 + units);
        const Scores exact = play("shapley", game);
        const Scores kernel = play("kernel_shap", game, {{"samples", "4094"}});
        EXPECT_EQ(kernel.notes.at("exact"), "yes");
        for (std::size_t i = 0; i < exact.scores.values.size(); ++i)
            EXPECT_CLOSE(kernel.scores.values[i], exact.scores.values[i], 6e-8);  // one step of a float
    }
}

/// Both ways to draw.
struct Draws {
    const char* method;
    Given given;
};
class SampledShapley : public testing::TestWithParam<Draws> {
protected:
    [[nodiscard]] Scores play_with(method::Game& game, int seed) const {
        Given given = GetParam().given;
        given["seed"] = std::to_string(seed);
        return play(GetParam().method, game, given);
    }
};
INSTANTIATE_TEST_SUITE_P(Methods, SampledShapley,
                         testing::Values(Draws{"shapley", {{"exact", "no"}, {"permutations", "40"}}},
                                         Draws{"kernel_shap", {{"samples", "200"}}},
                                         Draws{"kernel_shap", {{"samples", "40"}}}),
                         [](const auto& with) {
                             return std::string(with.param.method) + (with.index == 2 ? "_few" : "");
                         });

TEST_P(SampledShapley, StandardErrorsAreTheErrorsSize) {
    // Coalitions of one unit, and of all but one, say other things than the rest, so that a kernel's whole
    // sizes and its draws must be weighed right.
    auto table = random_game(9, 1, 41);
    const auto ends = random_weights(1, 9, 44)[0];
    ToyGame game(9, 1, [&](const Coalition& kept, std::size_t) {
        double sum = table.value(kept)[0];
        const auto size = std::accumulate(kept.begin(), kept.end(), 0);
        for (std::size_t u = 0; u < 9; ++u) sum += kept[u] * (size == 1 || size == 8 ? 3 * ends[u] : 0);
        return sum;
    });
    const Scores exact = play("shapley", game);
    constexpr int seeds = 300;
    double squares = 0;
    std::vector<double> bias(9, 0.0);
    for (int seed = 0; seed < seeds; ++seed) {
        const Scores found = play_with(game, seed);
        EXPECT_EQ(found.notes.at("exact"), "no");
        for (std::size_t u = 0; u < 9; ++u) {
            const double z =
                (found.scores.values[u] - exact.scores.values[u]) / found.standard_errors.values[u];
            EXPECT_TRUE(seed > 0 || std::abs(z) < 4) << z;
            squares += z * z;
            bias[u] += z / seeds;
        }
    }
    const double deviation = std::sqrt(squares / (9 * seeds));
    RecordProperty("deviation", std::to_string(deviation));
    EXPECT_GT(deviation, 0.88);
    EXPECT_LT(deviation, 1.15);
    // Orders: 4.3 standard deviations of the mean. The kernel's fit is a quotient of two sums over draws,
    // whose bias vanishes with more of them only.
    const double allowed = std::string(GetParam().method) == "shapley" ? 0.25 : 0.8;
    for (const double mean : bias) EXPECT_NEAR(mean, 0, allowed);
}

TEST_P(SampledShapley, EfficiencyHoldsWhateverWasDrawn) {
    auto game = random_game(9, 2, 42);
    const auto ends = game.values(std::vector{Coalition(9, 1), Coalition(9, 0)});
    for (int seed = 0; seed < 20; ++seed) {
        const Scores found = play_with(game, seed);
        for (std::size_t t = 0; t < 2; ++t) {
            EXPECT_CLOSE(sum(found.scores.row(t)), ends[0][t] - ends[1][t], 6e-8);
            EXPECT_EQ(found.completeness[t].f_input, ends[0][t]);
            EXPECT_EQ(found.completeness[t].f_baseline, ends[1][t]);
        }
    }
}

TEST_P(SampledShapley, OppositesCancelWhatTwoUnitsDoTogether) {
    const auto alone = random_weights(1, 9, 51)[0];
    const auto together = random_weights(9, 9, 52);
    auto game = pair_game(alone, together);
    const Scores found = play_with(game, 3);
    expect_near(found.scores, {shapley_of_pairs(alone, together)}, 6e-8);
    for (const float error : found.standard_errors.values) EXPECT_MEASURED(error, 6.4e-16);
}

TEST_P(SampledShapley, AUnitThatDoesNothingGetsNothingOfIt) {
    auto table = random_game(9, 1, 43);
    ToyGame game(9, 1, [&](Coalition kept, std::size_t) {
        kept[4] = 0;
        return table.value(kept)[0];
    });
    const Scores found = play_with(game, 1);
    if (std::string(GetParam().method) == "shapley") {
        EXPECT_EQ(found.scores.values[4], 0) << "no order gives it anything";
    } else {
        EXPECT_LT(std::abs(found.scores.values[4]), 4 * found.standard_errors.values[4]);
    }
}

TEST(Shapley, ExactIsChosenByTheNumberOfUnits) {
    const auto exact = [](std::size_t units, const Given& given) {
        auto game = linear_game(random_weights(1, units, 1));
        return play("shapley", game, given).notes.at("exact");
    };
    EXPECT_EQ(exact(12, {}), "yes");
    EXPECT_EQ(exact(13, {}), "no");
    EXPECT_EQ(exact(13, {{"exact", "yes"}}), "yes");
    EXPECT_EQ(exact(3, {{"exact", "no"}}), "no");
    EXPECT_THROW(exact(21, {{"exact", "yes"}}), Error);
}

TEST(Shapley, CallsAreBounded) {
    auto game = linear_game(random_weights(1, 300, 1));
    play("shapley", game, {{"permutations", "20"}});
    EXPECT_EQ(game.asked.size(), 2U + 2 * 20 * 299);
    EXPECT_EQ(game.largest_call, 4096U);
}

TEST(KernelShap, RunsSmallSizesWholeAndDrawsTheRestInPairs) {
    // 16 units: sizes 1 and 15 take 32 coalitions, 2 and 14 240 more; 3 and 13 would be 1120.
    auto game = random_game(16, 1, 61);
    play("kernel_shap", game, {{"samples", "1500"}});
    std::map<Coalition, int> counts;
    std::vector<int> sizes(17, 0);
    for (const Coalition& coalition : game.asked) {
        ++counts[coalition];
        ++sizes[std::accumulate(coalition.begin(), coalition.end(), 0)];
    }
    EXPECT_EQ(game.asked.size(), 1502U);
    EXPECT_EQ(sizes[1], 16);
    EXPECT_EQ(sizes[2], 120);
    EXPECT_EQ(sizes[14], 120);
    EXPECT_EQ(sizes[15], 16);
    for (const auto& [coalition, count] : counts) {
        Coalition complement = coalition;
        for (auto& kept : complement) kept = 1 - kept;
        EXPECT_EQ(counts[complement], count);
    }
    // Of the rest a size s is drawn by the kernel's mass 1 / (s (16 - s)).
    double mass = 0;
    for (int s = 3; s <= 13; ++s) mass += 1.0 / (s * (16 - s));
    for (int s = 3; s <= 13; ++s) {
        const double expected = 1228 / (mass * s * (16 - s));
        EXPECT_NEAR(sizes[s], expected, 4 * std::sqrt(2 * expected)) << s;
    }
}

TEST(KernelShap, TooFewSamplesAreAnError) {
    auto game = random_game(16, 1, 62);
    try {
        play("kernel_shap", game, {{"samples", "63"}});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::usage);
        EXPECT_STREQ(error.what(), "kernel_shap: `samples`: got 63 for 16 units; expected at least 64, or 0");
    }
}

}  // namespace
}  // namespace llmx::test
