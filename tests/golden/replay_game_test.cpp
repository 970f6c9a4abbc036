// Units taken away from a text, three ways, against plain passes of the texts that are left.

#include "method/replay_game.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

using engine::PassInput;
using method::Coalition;

class Game : public testing::Test {
protected:
    const Model model = Model::load(test::data_file("llama-tiny.gguf"));
    const Tokens ids{5, 17, 60, 60, 21, 9, 100, 33, 42};  // 6 of a prompt, 3 of an answer
    static constexpr int prompt = 6;
    engine::Session session{model, {.tokens = 10, .outputs = 9}};
    double ticks = 0;

    /// Units are the tokens; a target is each answer token's log-probability.
    method::AttributionContext scene(int sources) {
        method::AttributionContext scene{.session = session,
                                         .texts = {{.ids = ids, .outputs = {5, 6, 7}}},
                                         .answer = Tokens(ids.begin() + prompt, ids.end()),
                                         .prompt = prompt,
                                         .sources = sources,
                                         .fixed = {},
                                         .context = {},
                                         .units = {},
                                         .readout = nullptr,
                                         .target_rows = {},
                                         .arena = nullptr,
                                         .tick = [this](double n) { ticks += n; }};
        for (int row = 0; row < sources; ++row) scene.units.push_back({"", "token", {row}});
        std::vector<objective::Target> targets;
        for (int t = 0; t < 3; ++t)
            targets.push_back({{{0, {t, ids[static_cast<std::size_t>(prompt + t)], 1.0}}}});
        scene.readout = objective::written_readout(Measure::logprob, targets);
        return scene;
    }

    /// log p of the answer's tokens, each after `before[t]`.
    std::vector<float> truth(const std::vector<Tokens>& before) {
        std::vector<float> values;
        for (std::size_t t = 0; t < before.size(); ++t) {
            session.run({.ids = before[t], .outputs = {static_cast<int>(before[t].size()) - 1}});
            values.push_back(static_cast<float>(
                objective::log_probability(session.result(0), ids[static_cast<std::size_t>(prompt) + t])));
        }
        return values;
    }

    static std::vector<float> floats(const std::vector<double>& values) {
        return {values.begin(), values.end()};
    }
};

TEST_F(Game, TokensInThePlaceOfOthers) {
    method::AttributionContext s = scene(prompt);
    method::ReplayGame game(s, {Absence::token, 3});
    const auto values = game.values(std::vector<Coalition>{{1, 1, 1, 1, 1, 1}, {0, 1, 1, 0, 1, 1}});
    EXPECT_MEASURED(
        test::relative_l2(
            floats(values[0]),
            truth({{5, 17, 60, 60, 21, 9}, {5, 17, 60, 60, 21, 9, 100}, {5, 17, 60, 60, 21, 9, 100, 33}})),
        6e-8);
    EXPECT_MEASURED(
        test::relative_l2(
            floats(values[1]),
            truth({{3, 17, 60, 3, 21, 9}, {3, 17, 60, 3, 21, 9, 100}, {3, 17, 60, 3, 21, 9, 100, 33}})),
        6e-8);
    EXPECT_EQ(ticks, 2);
    EXPECT_EQ(game.computed(), 8 + 8);
}

TEST_F(Game, DeletedTokensLeaveAShorterText) {
    method::AttributionContext s = scene(prompt);
    method::ReplayGame game(s, {Absence::deletion, 3});
    const auto values = game.values(std::vector<Coalition>{
        {1, 0, 1, 1, 1, 0}, {0, 0, 0, 0, 0, 0}, {1, 1, 1, 0, 1, 1}, {1, 1, 0, 1, 1, 1}, {1, 0, 1, 1, 1, 0}});
    EXPECT_MEASURED(
        test::relative_l2(floats(values[0]),
                          truth({{5, 60, 60, 21}, {5, 60, 60, 21, 100}, {5, 60, 60, 21, 100, 33}})),
        6e-8);
    // nothing in front of the answer: the neutral token
    EXPECT_MEASURED(test::relative_l2(floats(values[1]), truth({{3}, {3, 100}, {3, 100, 33}})), 6e-8);
    // either of two equal neighbours: one text
    EXPECT_EQ(values[2], values[3]);
    EXPECT_EQ(values[0], values[4]);
    EXPECT_EQ(ticks, 5);
    // 5 60 60 21 100 33, 3 100 33, 5 17 60 21 9 100 33: what they do not share
    EXPECT_EQ(game.computed(), 6 + 3 + 6);
}

TEST_F(Game, DeletedAnswerTokensStillArePredicted) {
    method::AttributionContext s = scene(prompt + 3);
    method::ReplayGame game(s, {Absence::deletion, 3});
    const auto values = game.values(std::vector<Coalition>{
        {1, 1, 1, 1, 1, 1, 0, 1, 1}, {0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 1, 0, 0}});
    EXPECT_MEASURED(test::relative_l2(
                        floats(values[0]),
                        truth({{5, 17, 60, 60, 21, 9}, {5, 17, 60, 60, 21, 9}, {5, 17, 60, 60, 21, 9, 33}})),
                    6e-8);
    EXPECT_MEASURED(test::relative_l2(floats(values[1]), truth({{3}, {3}, {3}})), 6e-8);
    EXPECT_MEASURED(test::relative_l2(floats(values[2]), truth({{3}, {3, 100}, {3, 100}})), 6e-8);
}

TEST_F(Game, MaskedTokensAreNotRead) {
    method::AttributionContext s = scene(prompt);
    method::ReplayGame game(s, {Absence::attention_mask, 3});
    const auto values =
        game.values(std::vector<Coalition>{{1, 1, 1, 1, 1, 1}, {1, 1, 1, 0, 1, 1}, {0, 0, 0, 0, 0, 0}});
    for (std::size_t c = 0; c < values.size(); ++c) {
        PassInput text{.ids = ids, .outputs = {5, 6, 7}};
        if (c == 1) text.hidden = {3};
        if (c == 2) text.hidden = {0, 1, 2, 3, 4, 5};
        session.run(text);
        for (std::size_t t = 0; t < 3; ++t) {
            EXPECT_TRUE(std::isfinite(values[c][t]));
            EXPECT_CLOSE(values[c][t],
                         objective::log_probability(session.result(static_cast<int>(t)), ids[prompt + t]),
                         5e-7);
        }
    }
    // what is hidden can be anything, but for the row that predicts by itself
    PassInput other{.ids = ids, .outputs = {5, 6, 7}, .hidden = {0, 1, 2, 3, 4, 5}};
    for (std::size_t i = 0; i + 1 < prompt; ++i) other.ids[i] = 90;
    session.run(other);
    for (std::size_t t = 0; t < 3; ++t)
        EXPECT_CLOSE(values[2][t],
                     objective::log_probability(session.result(static_cast<int>(t)), ids[prompt + t]), 5e-7);
}

TEST_F(Game, CanBeCancelledWithinAPass) {
    method::AttributionContext s = scene(prompt);
    for (const Absence kind : {Absence::token, Absence::deletion, Absence::attention_mask}) {
        method::ReplayGame game(s, {kind, 3});
        const std::vector<Coalition> coalitions{{1, 1, 1, 1, 1, 1}, {0, 1, 1, 0, 1, 1}};
        int polls = 0;
        s.tick = [&](double n) {
            EXPECT_EQ(n, 0);
            if (++polls == 5) throw Error(ErrorCode::cancelled, "enough");
        };
        test::expect_error(ErrorCode::cancelled, {"enough"}, [&] { game.values(coalitions); });
        EXPECT_EQ(polls, 5);
        s.tick = [](double) {};
        EXPECT_EQ(game.values(coalitions).size(), 2U);  // and goes on
    }
}

}  // namespace
}  // namespace llmx
