// Infidelity against Captum's numbers and closed forms.

#include "faithfulness/infidelity.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "support/games.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

using faithfulness::infidelity;
using faithfulness::Map;
using method::Coalition;

/// f = w x + x0 x2 / 2 - x1 x3 x4.
test::ToyGame curved() {
    return {5, 1, [](const Coalition& x, std::size_t) {
                const std::vector<double> w = {0.5, -1, 2, 0.25, 1.5};
                double sum = 0.5 * x[0] * x[2] - 1.0 * x[1] * x[3] * x[4];
                for (std::size_t u = 0; u < w.size(); ++u) sum += w[u] * x[u];
                return sum;
            }};
}

/// Captum 0.9 in double precision: infidelity(f, lambda x: (I, x - I), ones(1, 5), map, n_perturb_samples=8,
/// normalize=False, then True), I being the subsets of seed 7.
TEST(Infidelity, IsCaptums) {
    auto game = curved();
    const std::vector<Map> maps = {{1, -0.5, 2, 0, 1}, {0.2, 0.1, 0.4, 0.3, 0.25}, {0, 0, 0, 0, 0}};
    const auto found = infidelity(game, maps, 8, 2, 7);
    const std::vector<Coalition> taken = {{0, 0, 0, 0, 0}, {1, 1, 1, 0, 1}, {1, 1, 0, 1, 1},
                                          {1, 1, 0, 1, 1}, {1, 1, 1, 0, 1}, {0, 1, 0, 0, 1},
                                          {0, 0, 1, 1, 1}, {0, 1, 1, 0, 0}, {1, 0, 1, 0, 0}};
    ASSERT_EQ(game.asked.size(), taken.size());
    for (std::size_t s = 0; s < taken.size(); ++s) {
        for (std::size_t u = 0; u < 5; ++u) EXPECT_EQ(game.asked[s][u], 1 - taken[s][u]) << s << ' ' << u;
    }
    const std::vector<double> unscaled = {0.6484375, 2.0746874999999996, 4.2109375};
    const std::vector<double> scaled = {0.37002840909090917, 1.1217574526612082, 4.2109375};
    for (std::size_t m = 0; m < maps.size(); ++m) {
        EXPECT_CLOSE(found[m].unscaled, unscaled[m], 4.5e-16);
        EXPECT_CLOSE(found[m].scaled.value, scaled[m], 4.5e-16);
        EXPECT_EQ(found[m].samples, 8);
    }
    EXPECT_EQ(found[2].scale, 0);
}

TEST(Infidelity, OfALinearGamesWeightsIsNothing) {
    const std::vector<std::vector<double>> weights = {{1, -2, 0.5, 4}, {0.25, 3, -1, 2}};
    auto game = test::linear_game(weights, 7);
    const Map sum = {1.25, 1, -0.5, 6};  // over the targets
    Map tenth = sum;
    for (double& score : tenth) score /= -10;
    const auto found = infidelity(game, std::vector<Map>{sum, tenth}, 50, 5, 1);
    EXPECT_CLOSE(found[0].unscaled, 0, 1e-30);
    EXPECT_CLOSE(found[0].scale, 1, 2.3e-16);
    // The factor makes up for size and sign.
    EXPECT_CLOSE(found[1].scale, -10, 1.1e-14);
    EXPECT_CLOSE(found[1].scaled.value, 0, 2.5e-29);
    EXPECT_GT(found[1].unscaled, 1);
    // Random rankings know nothing of the weights, and are the same for all maps.
    EXPECT_GT(found[0].scaled.random, 0.1);
    EXPECT_EQ(found[0].scaled.random, found[1].scaled.random);
    EXPECT_LT(found[0].scaled.p_value.value(), 0.05);
}

TEST(Infidelity, TheGameIsAskedOnceAndSeedsDecide) {
    auto game = curved();
    const std::vector<Map> map = {{1, 2, 3, 4, 5}};
    const double first = infidelity(game, map, 20, 2, 3).front().scaled.value;
    EXPECT_EQ(static_cast<double>(game.asked.size()), faithfulness::infidelity_evaluations(20));
    EXPECT_EQ(game.largest_call, game.asked.size());
    EXPECT_EQ(infidelity(game, map, 20, 2, 3).front().scaled.value, first);
    EXPECT_NE(infidelity(game, map, 20, 2, 4).front().scaled.value, first);
}

TEST(Infidelity, RefusesOneSampleAndMapsOfOtherUnits) {
    auto game = curved();
    for (const int samples : {-1, 1, 100'001}) {
        test::expect_error(ErrorCode::usage, {"`infidelity`", std::to_string(samples), "2 to 100000"}, [&] {
            (void)infidelity(game, std::vector<Map>{{1, 2, 3, 4, 5}}, samples, 2, 0);
        });
    }
    test::expect_error(ErrorCode::usage, {"2 scores for 5 units"}, [&] {
        (void)infidelity(game, std::vector<Map>{{1, 2}}, 4, 2, 0);
    });
}

}  // namespace
}  // namespace llmx
