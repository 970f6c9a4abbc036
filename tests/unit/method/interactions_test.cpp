// Pairwise Shapley interactions.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "support/expect_error.hpp"
#include "support/games.hpp"
#include "support/measured.hpp"
#include "support/reference.hpp"

namespace llmx::test {
namespace {

using method::Coalition;
using method::Scores;

float pair_of(const Scores& found, std::size_t target, std::size_t i, std::size_t j) {
    const auto units = static_cast<std::size_t>(found.interactions.shape[1]);
    return found.interactions.values[(target * units + i) * units + j];
}

double factorial(std::size_t n) { return std::tgamma(static_cast<double>(n) + 1); }

/// As it is written: the mean of what i and j add together, over the sizes and then the coalitions of others.
double by_definition(ToyGame& game, std::size_t target, std::size_t i, std::size_t j) {
    const std::size_t units = game.units();
    double sum = 0;
    for (std::size_t members = 0; members < std::size_t{1} << units; ++members) {
        if ((members >> i & 1) != 0 || (members >> j & 1) != 0) continue;
        const auto with = [&](std::size_t more) {
            Coalition kept(units);
            for (std::size_t u = 0; u < units; ++u) kept[u] = (members | more) >> u & 1;
            return game.value(kept)[target];
        };
        const std::size_t a = std::size_t{1} << i;
        const std::size_t b = std::size_t{1} << j;
        const auto size = static_cast<std::size_t>(std::popcount(members));
        sum += factorial(size) * factorial(units - size - 2) / factorial(units - 1) *
               (with(a | b) - with(a) - with(b) + with(0));
    }
    return sum;
}

TEST(ShapleyInteractions, AreWhatTheirDefinitionSays) {
    for (std::size_t units = 2; units <= 7; ++units) {
        auto game = random_game(units, 2, 400 + units);
        const Scores found = play("shapley_interactions", game);
        EXPECT_EQ(found.interactions.shape, (std::vector{std::int64_t{2}, static_cast<std::int64_t>(units),
                                                         static_cast<std::int64_t>(units)}));
        EXPECT_EQ(found.scores.values, play("shapley", game, {{"exact", "yes"}}).scores.values);
        for (std::size_t t = 0; t < 2; ++t) {
            for (std::size_t i = 0; i < units; ++i) {
                double own = found.scores.row(t)[i];
                for (std::size_t j = 0; j < units; ++j) {
                    if (i == j) continue;
                    EXPECT_CLOSE(pair_of(found, t, i, j), by_definition(game, t, i, j), 6e-8);
                    EXPECT_EQ(pair_of(found, t, i, j), pair_of(found, t, j, i));
                    own -= by_definition(game, t, i, j) / 2;
                }
                EXPECT_CLOSE(pair_of(found, t, i, i), own, 6e-8);
            }
        }
    }
}

/// v is a sum of what units add alone and in pairs: these are found again.
TEST(ShapleyInteractions, OfAGameOfPairsAreItsPairs) {
    constexpr std::size_t units = 9;
    const auto alone = random_weights(1, units, 1).front();
    const auto together = random_weights(units, units, 2);
    auto game = pair_game(alone, together);
    const Scores found = play("shapley_interactions", game);
    const auto values = shapley_of_pairs(alone, together);
    for (std::size_t i = 0; i < units; ++i) {
        EXPECT_CLOSE(found.scores.row(0)[i], values[i], 6e-8);
        EXPECT_CLOSE(pair_of(found, 0, i, i), alone[i], 6e-8);
        for (std::size_t j = 0; j < i; ++j) EXPECT_CLOSE(pair_of(found, 0, i, j), together[i][j], 6e-8);
    }
    EXPECT_CLOSE(found.completeness.at(0).residual, 0, 1.4e-7);
}

TEST(ShapleyInteractions, AreShapiqs) {
    const nlohmann::json numbers = reference("interactions");
    const auto values = numbers["values"].get<std::vector<double>>();
    constexpr std::size_t units = 5;
    ToyGame game(units, 1, [&](const Coalition& kept, std::size_t) {
        std::size_t members = 0;
        for (std::size_t u = 0; u < units; ++u) members |= static_cast<std::size_t>(kept[u]) << u;
        return values[members];
    });
    const Scores found = play("shapley_interactions", game);
    for (std::size_t i = 0; i < units; ++i) {
        EXPECT_CLOSE(found.scores.row(0)[i], numbers["shapley"][i].get<double>(), 6e-8);
        for (std::size_t j = 0; j < units; ++j) {
            if (i == j) continue;
            EXPECT_CLOSE(pair_of(found, 0, i, j), numbers["pairs"][i][j].get<double>(), 6e-8);
        }
    }
}

TEST(ShapleyInteractions, OfOneUnitAreItsEffect) {
    auto game = linear_game({{0.75}}, 2);
    const Scores found = play("shapley_interactions", game);
    EXPECT_EQ(found.scores.values, std::vector<float>{0.75F});
    EXPECT_EQ(found.interactions.values, std::vector<float>{0.75F});
}

TEST(ShapleyInteractions, RefuseManyUnitsBeforeTheyRun) {
    auto game = linear_game(random_weights(1, 17, 1));
    expect_error(ErrorCode::usage, {"17 units", "at most 16", "`unit`", "shapley"},
                 [&] { play("shapley_interactions", game); });
    EXPECT_TRUE(game.asked.empty());
}

}  // namespace
}  // namespace llmx::test
