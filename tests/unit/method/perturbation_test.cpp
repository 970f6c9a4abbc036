// What holds for every perturbation method of the registry, and the closed forms of the simplest ones.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <llmx/error.hpp>

#include "support/games.hpp"
#include "support/measured.hpp"

namespace llmx::test {
namespace {

using method::Coalition;
using method::Definition;
using method::Scores;

class Perturbation : public testing::TestWithParam<const Definition*> {
protected:
    [[nodiscard]] std::string name() const { return std::string(GetParam()->name); }
    [[nodiscard]] bool has(const std::string& option) const {
        return std::any_of(GetParam()->options.begin(), GetParam()->options.end(),
                           [&](const auto& declared) { return declared.name == option; });
    }
    /// It refuses more.
    [[nodiscard]] std::size_t most_units() const { return name() == "shapley_interactions" ? 16 : 1000; }
    /// Options with which nothing is blurred or shrunk.
    [[nodiscard]] Given sharp() const {
        Given given;
        if (has("window")) given["window"] = "1";
        if (has("alpha")) given["alpha"] = "1e-6";
        return given;
    }
};

std::vector<const Definition*> perturbations() {
    std::vector<const Definition*> found;
    for (const Definition* definition : method::definitions())
        if (definition->perturb != nullptr) found.push_back(definition);
    return found;
}

INSTANTIATE_TEST_SUITE_P(Registry, Perturbation, testing::ValuesIn(perturbations()),
                         [](const auto& with) { return std::string(with.param->name); });

TEST_P(Perturbation, GivesTheWeightsOfALinearGame) {
    for (const std::size_t units : {1, 2, 6, 17}) {
        if (units > most_units()) continue;
        auto weights = random_weights(3, units, 11 + units);
        for (auto& row : weights) row[units / 2] = 0;
        auto game = linear_game(weights, -2.5);
        const Scores found = play(name(), game, sharp());
        ASSERT_EQ(found.scores.shape, (std::vector<std::int64_t>{3, static_cast<std::int64_t>(units)}));
        for (std::size_t t = 0; t < 3; ++t) {
            for (std::size_t u = 0; u < units; ++u)
                EXPECT_CLOSE(found.scores.row(t)[u], weights[t][u], 5.9e-6) << units << " units, unit " << u;
            EXPECT_CLOSE(found.scores.row(t)[units / 2], 0, 8.3e-7) << "it does nothing";
        }
    }
}

TEST_P(Perturbation, OfAConstantGameIsZero) {
    for (const std::size_t units : {1, 6, 17}) {
        if (units > most_units()) continue;
        ToyGame game(units, 2, [](const Coalition&, std::size_t target) {
            return -77.7 - static_cast<double>(target);
        });
        const Scores found = play(name(), game);
        EXPECT_THAT(found.scores.values, testing::Each(0.0F));
        EXPECT_THAT(found.standard_errors.values, testing::Each(0.0F));
    }
}

TEST_P(Perturbation, RunsAsOftenAsPlanned) {
    for (const std::size_t units : {0, 1, 2, 3, 6, 13, 20}) {
        if (units > most_units()) continue;
        auto game = linear_game(random_weights(2, units, 5));
        const double planned =
            GetParam()->evaluations({.sources = 40, .units = units, .targets = 2}, options_of(name()));
        const Scores found = play(name(), game);
        const auto ran = static_cast<double>(game.asked.size());
        if (name() == "hierarchical")
            EXPECT_GE(planned, ran) << units << " units: at most";
        else
            EXPECT_EQ(planned, ran) << units << " units";
        EXPECT_LE(game.largest_call, 4096U);
        EXPECT_EQ(found.scores.shape, (std::vector<std::int64_t>{2, static_cast<std::int64_t>(units)}));
        for (const Coalition& coalition : game.asked) {
            ASSERT_EQ(coalition.size(), units);
            ASSERT_THAT(coalition, testing::Each(testing::Le(1)));
        }
    }
}

TEST_P(Perturbation, IsFiniteOnARandomGame) {
    auto game = random_game(14, 2, 3);
    const Scores found = play(name(), game);
    for (const float score : found.scores.values) EXPECT_TRUE(std::isfinite(score));
    for (const float error : found.standard_errors.values) EXPECT_TRUE(std::isfinite(error) && error > 0);
    EXPECT_TRUE(found.standard_errors.empty() || found.standard_errors.shape == found.scores.shape);
    EXPECT_TRUE(found.completeness.empty() || found.completeness.size() == 2);
    for (const Completeness& c : found.completeness) EXPECT_MEASURED(std::abs(c.residual), 6e-8);
}

TEST_P(Perturbation, SameSeedSameBits) {
    auto game = random_game(14, 2, 4);
    const auto scores = [&](const Given& given) { return play(name(), game, given).scores.values; };
    EXPECT_EQ(scores({}), scores({}));
    if (!has("seed")) return;
    EXPECT_EQ(scores({{"seed", "7"}}), scores({{"seed", "7"}}));
    EXPECT_NE(scores({{"seed", "7"}}), scores({{"seed", "8"}}));
}

TEST_P(Perturbation, KnowsItsOptions) {
    for (const auto& option : GetParam()->options) {  // a default_value is a value that a user could give
        EXPECT_NO_THROW(options_of(name(), {{std::string(option.name), std::string(option.default_value)}}))
            << option.name;
    }
    EXPECT_THROW(options_of(name(), {{"colour", "red"}}), Error);
    EXPECT_TRUE(has("baseline"));
    EXPECT_TRUE(GetParam()->is_signed);
}

// ---- leave_one_out, occlusion

TEST(LeaveOneOut, IsTheLossOfEachUnit) {
    auto game = random_game(5, 2, 21);
    const Scores found = play("leave_one_out", game);
    const Coalition all(5, 1);
    for (std::size_t u = 0; u < 5; ++u) {
        Coalition without = all;
        without[u] = 0;
        const auto v = game.values(std::vector{all, without});
        for (std::size_t t = 0; t < 2; ++t)
            EXPECT_FLOAT_EQ(found.scores.row(t)[u], static_cast<float>(v[0][t] - v[1][t]));
    }
}

TEST(Occlusion, IsTheMeanOfTheWindowsThatHoldAUnit) {
    auto game = linear_game({{1, 2, 4, 8, 16}});
    // Windows of 3 at 0, 1, 2: losses 7, 14, 28.
    EXPECT_THAT(play("occlusion", game).scores.values,
                testing::ElementsAre(7, (7 + 14) / 2.0F, testing::FloatEq((7 + 14 + 28) / 3.0F),
                                     (14 + 28) / 2.0F, 28));
    // Windows of 3 at 0 and 2.
    EXPECT_THAT(play("occlusion", game, {{"stride", "2"}}).scores.values,
                testing::ElementsAre(7, 7, (7 + 28) / 2.0F, 28, 28));
    // Windows of 2 at 0, 2 and a last one that is cut.
    EXPECT_THAT(play("occlusion", game, {{"stride", "2"}, {"window", "2"}}).scores.values,
                testing::ElementsAre(3, 3, 12, 12, 16));
    // A window that is longer than the text.
    EXPECT_THAT(play("occlusion", game, {{"window", "9"}}).scores.values, testing::Each(31));
}

TEST(Occlusion, WindowsWithGapsAreAnError) {
    auto game = linear_game({{1, 2, 4}});
    try {
        play("occlusion", game, {{"stride", "4"}});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::usage);
        EXPECT_THAT(error.what(), testing::HasSubstr("`stride`: got 4 for windows of 3"));
    }
}

}  // namespace
}  // namespace llmx::test
