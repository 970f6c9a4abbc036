// Linear surrogates: LIME and the Lasso, against the conditions that their minima satisfy.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <llmx/error.hpp>
#include <numeric>

#include "method/game/lasso.hpp"
#include "support/games.hpp"
#include "support/measured.hpp"

namespace llmx::test {
namespace {

using method::Coalition;
using method::lasso;
using method::Scores;

double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::vector<Coalition> random_coalitions(std::size_t count, std::size_t units, std::uint64_t seed) {
    Random random(seed);
    std::vector<Coalition> coalitions(count, Coalition(units));
    for (auto& coalition : coalitions) {
        for (auto& kept : coalition) kept = random.coin() ? 1 : 0;
    }
    return coalitions;
}

/// The minimum's conditions, written out: in standardised columns z, z.r / m is alpha sign(w), or smaller
/// where w is 0; r sums to 0.
void expect_minimum(const std::vector<Coalition>& x, const std::vector<double>& y, double alpha,
                    const std::vector<double>& weights, double measured) {
    const auto count = static_cast<double>(x.size());
    std::vector<double> r = y;
    for (std::size_t i = 0; i < x.size(); ++i) {
        for (std::size_t u = 0; u < weights.size(); ++u) r[i] -= x[i][u] * weights[u];
    }
    const double intercept = mean(r);
    for (double& value : r) value -= intercept;
    for (std::size_t u = 0; u < weights.size(); ++u) {
        std::vector<double> column;
        for (const Coalition& coalition : x) column.push_back(coalition[u]);
        const double centre = mean(column);
        double squares = 0;
        double slope = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
            squares += std::pow(column[i] - centre, 2) / count;
            slope += (column[i] - centre) * r[i] / count;
        }
        if (squares == 0) {
            EXPECT_EQ(weights[u], 0);
            continue;
        }
        slope /= std::sqrt(squares);
        if (weights[u] != 0) {
            EXPECT_CLOSE(slope, std::copysign(alpha, weights[u]), measured) << "unit " << u;
        } else {
            EXPECT_MEASURED(std::abs(slope) - alpha, measured) << "unit " << u;
        }
    }
}

TEST(Lasso, MeetsTheConditionsOfItsMinimum) {
    for (const auto& [count, units] :
         {std::pair<std::size_t, std::size_t>{64, 8}, {64, 168}, {10, 3}, {2, 5}}) {
        auto x = random_coalitions(count, units, count + units);
        for (auto& coalition : x) coalition[1] = 1;  // a column that tells nothing
        const auto weights = random_weights(1, units, 3)[0];
        Random random(4);
        std::vector<double> y;
        for (const auto& coalition : x) {
            y.push_back(5 + random.uniform());
            for (std::size_t u = 0; u < units; ++u) y.back() += coalition[u] * weights[u];
        }
        for (const double alpha : {0.001, 0.05, 0.4}) {
            const auto fit = lasso(x, y, alpha);
            EXPECT_TRUE(fit.converged);
            expect_minimum(x, y, alpha, fit.weights, 9.7e-16);
            double off = 0;
            for (std::size_t i = 0; i < count; ++i) {
                off += fit.intercept - y[i];
                for (std::size_t u = 0; u < units; ++u) off += fit.weights[u] * x[i][u];
            }
            EXPECT_CLOSE(off / static_cast<double>(count), 0, 1.7e-15);
        }
    }
}

TEST(Lasso, OneUnitInClosedForm) {
    // Standardised, the column is -1, 1; w = soft(cov, alpha) in it, and twice that in the unit's own scale.
    const std::vector<Coalition> x{{0}, {1}, {1}, {0}};
    const std::vector<double> y{1, 4, 6, 1};
    EXPECT_CLOSE(lasso(x, y, 0.5).weights[0], 2 * (2 - 0.5), 2.3e-16);
    EXPECT_CLOSE(lasso(x, y, 0.5).intercept, 3 - 1.5, 2.3e-16);
    EXPECT_EQ(lasso(x, y, 2.0).weights[0], 0);
    EXPECT_CLOSE(lasso(x, std::vector<double>{-1, -4, -6, -1}, 0.5).weights[0], -3, 2.3e-16);
}

TEST(Lasso, SaysWhereItHasNotConverged) {
    // Far more units than coalitions, and next to no penalty that would choose among them.
    auto game = random_game(12, 1, 73);
    ToyGame hard(168, 1, [&](const Coalition& kept, std::size_t) {
        return game.value(Coalition(kept.begin(), kept.begin() + 12))[0];
    });
    EXPECT_THAT(play("sparse_linear", hard, {{"alpha", "1e-6"}}).warnings,
                testing::ElementsAre(
                    testing::HasSubstr("64 samples are fewer than the 168 units"),
                    "the fit of target 1 has not converged; a larger `alpha` or more `samples` would help"));
    EXPECT_THAT(play("sparse_linear", hard, {{"samples", "168"}}).warnings, testing::IsEmpty());
    EXPECT_THAT(play("lime", hard, {{"samples", "167"}}).warnings,
                testing::ElementsAre(testing::HasSubstr("`samples` 336 or more")));
}

TEST(SparseLinear, FitsTheLogOddsPerToken) {
    // P(S) between e^-12 and e^-0.01, of 5 tokens.
    const auto weights = random_weights(2, 20, 71);
    constexpr int tokens = 5;
    ToyGame game(
        20, 2,
        [&](const Coalition& kept, std::size_t target) {
            double sum = 0;
            for (std::size_t u = 0; u < 20; ++u) sum += kept[u] * weights[target][u];
            return -0.01 - 0.5 * std::pow(sum - 2, 2);
        },
        tokens);
    const Scores found = play("sparse_linear", game, {{"alpha", "0.05"}});
    EXPECT_EQ(found.notes.at("fitted"), "log_odds");
    EXPECT_THAT(found.warnings, testing::IsEmpty());
    const auto asked = game.asked;
    ASSERT_EQ(asked.size(), 64U);
    const auto values = game.values(asked);
    for (std::size_t t = 0; t < 2; ++t) {
        std::vector<double> y;
        std::vector<double> w;
        for (const auto& v : values) y.push_back(std::log(std::exp(v[t]) / (1 - std::exp(v[t]))) / tokens);
        for (const float score : found.scores.row(t)) w.push_back(static_cast<double>(score) / tokens);
        expect_minimum(asked, y, 0.05, w, 5.6e-9);
        EXPECT_GT(std::count(w.begin(), w.end(), 0.0), 2) << "nothing sparse about it";
        EXPECT_LT(std::count(w.begin(), w.end(), 0.0), 18);
    }
}

/// alpha means the same in all units: v over its deviation in the sample is fitted.
TEST(SparseLinear, FitsOtherMeasuresInTheirDeviations) {
    auto game = random_game(10, 1, 72);
    const Scores found = play("sparse_linear", game);
    EXPECT_EQ(found.notes.at("fitted"), "measure over its deviation");
    const auto asked = game.asked;
    std::vector<double> y;
    for (const auto& v : game.values(asked)) y.push_back(v[0]);
    const double mean = std::accumulate(y.begin(), y.end(), 0.0) / static_cast<double>(y.size());
    double squares = 0;
    for (const double v : y) squares += (v - mean) * (v - mean);
    const double deviation = std::sqrt(squares / static_cast<double>(y.size()));
    std::vector<double> w;
    for (double& v : y) v /= deviation;
    for (const float score : found.scores.values) w.push_back(static_cast<double>(score) / deviation);
    expect_minimum(asked, y, 0.01, w, 3e-9);
    // A thousandth of every value: a thousandth of every weight, and the same ones are 0.
    ToyGame small(10, 1, [&](const Coalition& kept, std::size_t) { return game.value(kept)[0] / 1000; });
    const Scores scaled = play("sparse_linear", small);
    for (std::size_t u = 0; u < 10; ++u)
        EXPECT_CLOSE(1000 * static_cast<double>(scaled.scores.values[u]), found.scores.values[u], 1e-6);
    double kept = 0;
    for (const auto& coalition : asked) kept += std::accumulate(coalition.begin(), coalition.end(), 0.0);
    EXPECT_NEAR(kept / 640, 0.5, 0.08);
}

/// The weight of one unit: the log-odds with it less those without, but for the penalty.
double log_odds_gained(double with, double without) {
    ToyGame game(
        1, 1, [=](const Coalition& kept, std::size_t) { return kept[0] != 0 ? with : without; }, 1);
    return play("sparse_linear", game, {{"alpha", "1e-6"}}).scores.values[0];
}

TEST(SparseLinear, LogOddsAreFiniteForEveryProbability) {
    const auto half = std::log(0.5);
    EXPECT_CLOSE(log_odds_gained(std::log(0.9), half), std::log(9), 2.2e-6);
    EXPECT_CLOSE(log_odds_gained(-3e-15, half), -std::log(3e-15), 1.5e-6);
    EXPECT_CLOSE(log_odds_gained(half, -3000), 3000, 1.3e-4);  // half a step of a float
    EXPECT_CLOSE(log_odds_gained(0, half), 52 * std::log(2), 1.9e-6);
    EXPECT_THROW(log_odds_gained(0.1, half), Error);
}

// ---- LIME

double kernel_of(const Coalition& coalition, double width) {
    double dot = 0;
    double norm = 0;
    for (const auto kept : coalition) {
        dot += kept;
        norm += kept * kept;
    }
    const double all = std::sqrt(static_cast<double>(coalition.size()));
    const double distance = 1 - (norm == 0 ? 0 : dot / (std::sqrt(norm) * all));
    return std::sqrt(std::exp(-distance * distance / (width * width)));
}

TEST(Lime, IsTheRidgeFitUnderItsKernel) {
    const std::size_t units = 9;
    auto game = random_game(units, 2, 81);
    for (const auto& [width, alpha] : {std::pair{0.25, 1.0}, {0.6, 20.0}}) {
        game.asked.clear();
        const Scores found = play(
            "lime", game,
            {{"samples", "300"}, {"kernel_width", std::to_string(width)}, {"alpha", std::to_string(alpha)}});
        const auto asked = game.asked;
        ASSERT_EQ(asked.size(), 301U);
        EXPECT_EQ(asked[0], Coalition(units, 1));
        const auto values = game.values(asked);
        for (std::size_t t = 0; t < 2; ++t) {
            const auto w = found.scores.row(t);
            std::vector<double> r;
            double total = 0;
            double intercept = 0;
            for (std::size_t i = 0; i < asked.size(); ++i) {
                r.push_back(values[i][t]);
                for (std::size_t u = 0; u < units; ++u) r[i] -= asked[i][u] * static_cast<double>(w[u]);
                total += kernel_of(asked[i], width);
                intercept += kernel_of(asked[i], width) * r[i];
            }
            for (std::size_t u = 0; u < units; ++u) {
                double slope = 0;
                for (std::size_t i = 0; i < asked.size(); ++i)
                    slope += kernel_of(asked[i], width) * asked[i][u] * (r[i] - intercept / total);
                EXPECT_CLOSE(slope, alpha * w[u], 3.1e-7) << "unit " << u;
            }
        }
    }
}

TEST(Lime, TakesAwayEveryNumberOfUnitsAsOften) {
    auto game = random_game(5, 1, 82);
    play("lime", game, {{"samples", "5000"}});
    std::vector<int> kept(6, 0);
    std::vector<int> present(5, 0);
    for (std::size_t i = 1; i < game.asked.size(); ++i) {
        ++kept[std::accumulate(game.asked[i].begin(), game.asked[i].end(), 0)];
        for (std::size_t u = 0; u < 5; ++u) present[u] += game.asked[i][u];
    }
    for (std::size_t size = 0; size < 5; ++size) EXPECT_NEAR(kept[size], 1000, 120);
    EXPECT_EQ(kept[5], 0);
    for (const int count : present) EXPECT_NEAR(count, 2000, 150);
}

}  // namespace
}  // namespace llmx::test
