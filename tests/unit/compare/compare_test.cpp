// Two explanations compared, with scores whose statistics are known.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <llmx/compare.hpp>

#include "support/expect_error.hpp"
#include "support/measured.hpp"

namespace llmx::test {
namespace {

using testing::ElementsAre;

std::vector<Unit> units(const std::vector<std::string>& texts) {
    std::vector<Unit> all;
    for (const std::string& text : texts) all.push_back({text, "token", {static_cast<int>(all.size())}});
    return all;
}

Attribution scored(const std::vector<std::string>& texts, const std::vector<std::vector<float>>& rows) {
    Attribution a;
    a.method = "saliency";
    a.objective = "logprob of the answer";
    a.units = units(texts);
    a.scores.shape = {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(texts.size())};
    for (const auto& row : rows) {
        a.targets.push_back({"t", {9, 10}, 0});
        a.scores.values.insert(a.scores.values.end(), row.begin(), row.end());
    }
    return a;
}

const std::vector<std::string> five = {"a", "b", "c", "d", "e"};

TEST(Compare, TheSameScoresAgreeWholly) {
    const Attribution a = scored(five, {{0.5F, -1, 3, 2, 0}});
    const Comparison c = compare(a, a, {.top = 2});
    EXPECT_DOUBLE_EQ(*c.total.spearman, 1);
    EXPECT_DOUBLE_EQ(*c.total.kendall, 1);
    EXPECT_DOUBLE_EQ(*c.total.cosine, 1);
    EXPECT_EQ(c.total.overlap, 1);
    EXPECT_EQ(c.total.top, 2);
    EXPECT_THAT(c.differences, testing::IsEmpty());
    EXPECT_EQ(c.units, 5);
}

TEST(Compare, KnownStatistics) {
    const Attribution a = scored(five, {{7, 4, 3, 2, 1}}), b = scored(five, {{4, 5, 3, 1, 2}});
    const Comparison c = compare(a, b, {.top = 1, .differences = 2});
    EXPECT_CLOSE(*c.total.spearman, 1 - 6.0 * 4 / 120, 2.3e-16);
    EXPECT_CLOSE(*c.total.kendall, 0.6, 2.3e-16);
    EXPECT_CLOSE(*c.total.cosine, 61 / std::sqrt(79.0 * 55), 2.3e-16);
    EXPECT_EQ(c.total.overlap, 0);
    EXPECT_DOUBLE_EQ(compare(a, b, {.top = 3}).total.overlap, 1);
    EXPECT_DOUBLE_EQ(compare(a, b, {.top = 4}).total.overlap, 0.75);
    EXPECT_EQ(compare(a, b, {.top = 50}).total.top, 5);
    ASSERT_EQ(c.differences.size(), 2U);
    EXPECT_EQ(c.differences[0].text, "a");
    EXPECT_EQ(c.differences[0].first, 7);
    EXPECT_EQ(c.differences[0].second, 4);
    EXPECT_EQ(c.differences[0].first_rank, 1);
    EXPECT_EQ(c.differences[0].second_rank, 2);
}

TEST(Compare, DifferencesKnowNoScale) {
    const Attribution a = scored({"a", "b", "c"}, {{1, 2, 3}}),
                      b = scored({"a", "b", "c"}, {{100, 200, 400}});
    const Comparison c = compare(a, b);
    EXPECT_EQ(c.differences.front().text, "b");  // 2/√14 and 200/√210000 are furthest apart
    const Attribution twice = scored({"a", "b", "c"}, {{2, 4, 6}});
    EXPECT_THAT(compare(a, twice).differences, testing::IsEmpty());
}

TEST(Compare, TargetsOneByOneAndTheirSum) {
    const Attribution a = scored({"a", "b", "c"}, {{1, 2, 3}, {3, 2, 1}});
    const Attribution b = scored({"a", "b", "c"}, {{1, 2, 3}, {1, 2, 4}});
    const Comparison c = compare(a, b);
    ASSERT_EQ(c.targets.size(), 2U);
    EXPECT_DOUBLE_EQ(*c.targets[0].spearman, 1);
    EXPECT_DOUBLE_EQ(*c.targets[1].spearman, -1);
    EXPECT_FALSE(c.total.spearman);  // 4, 4, 4 has no order
    EXPECT_CLOSE(*c.total.cosine, (2 + 4 + 7) / std::sqrt(3.0 * (4 + 16 + 49)), 2.3e-16);
}

TEST(Compare, OtherUnitsAreSaid) {
    const Attribution a = scored({"a", "b"}, {{1, 2}});
    expect_error(ErrorCode::input, {"unit 1", "\"b\"", "\"x\""}, [&] {
        (void)compare(a, scored({"a", "x"}, {{1, 2}}));
    });
    expect_error(ErrorCode::input, {"2 in the first", "3 in the second"}, [&] {
        (void)compare(a, scored({"a", "b", "c"}, {{1, 2, 3}}));
    });
    expect_error(ErrorCode::input, {"targets differ", "1 in the first", "2 in the second"}, [&] {
        (void)compare(a, scored({"a", "b"}, {{1, 2}, {1, 2}}));
    });
    expect_error(ErrorCode::usage, {"top 0"}, [&] { (void)compare(a, a, {.top = 0}); });
    Attribution torn = a;
    torn.scores.values.pop_back();
    expect_error(ErrorCode::input, {"1 scores", "2 units"}, [&] { (void)compare(a, torn); });
}

TEST(Compare, AlignedByTextOverTheLongestCommonPart) {
    const Attribution a = scored({"the", " cat", " ", "sat", "on", "the", "mat"}, {{1, 2, 9, 3, 4, 5, 6}});
    const Attribution b =
        scored({"the", "cat", " ", "on", "a", "the", " mat "}, {{10, 20, 0, 40, 7, 50, 60}});
    const Comparison c = compare(a, b, {.align_text = true});
    EXPECT_EQ(c.units, 5);  // the cat on the mat
    EXPECT_EQ(c.first_units, 7);
    EXPECT_DOUBLE_EQ(*c.total.spearman, 1);
    EXPECT_DOUBLE_EQ(*c.total.cosine, 1);
    expect_error(ErrorCode::input, {"no unit is in both"},
                 [&] { (void)compare(a, scored({"x"}, {{1}}), {.align_text = true}); });
}

/// An explanation of "ab" -> "xy" with these attributions.
Explanation explained(std::vector<Attribution> attributions) {
    Explanation e;
    e.prompt = {"a", "b"};
    e.decode_output = {"x", "y"};
    e.prompt_text = "ab";
    e.answer_text = "xy";
    e.attributions = std::move(attributions);
    return e;
}

Attribution with_options(std::map<std::string, std::string> options, std::string method = "saliency") {
    Attribution a = scored({"a", "b"}, {{1, 2}});
    a.method = std::move(method);
    a.options = std::move(options);
    return a;
}

TEST(Compare, ExplanationsAreMatchedByMethodAndOptions) {
    const Explanation a = explained({with_options({{"norm", "l1"}}), with_options({{"norm", "l2"}}),
                                     with_options({{"steps", "20"}}, "integrated_gradients"),
                                     with_options({}, "leave_one_out")});
    const Explanation b =
        explained({with_options({{"norm", "l2"}}), with_options({{"norm", "l1"}}),
                   with_options({{"steps", "50"}}, "integrated_gradients"), with_options({}, "lime")});
    const ExplanationComparison c = compare(a, b);
    ASSERT_EQ(c.comparisons.size(), 3U);
    EXPECT_EQ(c.comparisons[0].second_options.at("norm"), "l1");
    EXPECT_EQ(c.comparisons[1].second_options.at("norm"), "l2");
    EXPECT_EQ(c.comparisons[2].first_options.at("steps"), "20");
    EXPECT_EQ(c.comparisons[2].second_options.at("steps"), "50");
    EXPECT_THAT(c.only_first, ElementsAre("leave_one_out (logprob of the answer)"));
    EXPECT_THAT(c.only_second, ElementsAre("lime (logprob of the answer)"));
}

TEST(Compare, WhichOfSeveralIsMeantIsNotGuessed) {
    const Explanation a =
        explained({with_options({{"norm", "l1"}}), with_options({{"norm", "l2"}}), with_options({}, "lime")});
    const Explanation b = explained({with_options({{"norm", "max"}}), with_options({}, "lime")});
    EXPECT_EQ(compare(a, b).comparisons.size(), 1U);
    EXPECT_EQ(compare(a, b).only_first.size(), 2U);
}

TEST(Compare, TheOriginalsKeysAreComparedToo) {
    Explanation a = explained({});
    a.original.gradient.emplace();
    a.original.gradient->saliency_map = {0.5F, 1};
    a.original.attention.emplace();
    a.original.attention->pair.attention = {1, 0};
    a.original.attention->mean = {{2, 4}, {0.1F, 0.9F, 0, 0, 0.3F, 0.2F, 0.5F, 0}};
    Explanation b = a;
    b.original.gradient->saliency_map = {1, 0.5F};
    const ExplanationComparison c = compare(a, b);
    ASSERT_EQ(c.comparisons.size(), 3U);
    EXPECT_EQ(c.comparisons[0].method, "gradient saliency_map");
    EXPECT_EQ(*c.comparisons[0].total.spearman, -1);
    EXPECT_EQ(c.comparisons[2].method, "attention mean");
    EXPECT_EQ(c.comparisons[2].targets.size(), 2U);
    EXPECT_FLOAT_EQ(all_scores(a)[2].scores.row(1)[0], 0.3F);
}

TEST(Compare, OtherTextsAreSaid) {
    Explanation a = explained({with_options({})});
    Explanation b = a;
    b.answer_text = "xz";
    expect_error(ErrorCode::input, {"answer differs at byte 1", "\"xy\"", "\"xz\"", "`align` text"},
                 [&] { (void)compare(a, b); });
    b.prompt_text = "caf\u00E9";
    expect_error(ErrorCode::input, {"prompt differs at byte 0"}, [&] { (void)compare(a, b); });
    EXPECT_EQ(compare(a, b, {.align_text = true}).comparisons.size(), 1U);
    b = explained({with_options({}, "lime")});
    expect_error(ErrorCode::input, {"no method is in both", "saliency", "lime"},
                 [&] { (void)compare(a, b); });
}

TEST(CompareAnswers, AgainstTheirDefinitions) {
    // Rows of probabilities 1/2, 1/4, 1/4 against 1/4, 1/2, 1/4; the second rows are the same but for a
    // shift.
    const auto log = [](double p) { return static_cast<float>(std::log(p)); };
    const Tensor a = {{2, 3}, {log(0.5), log(0.25), log(0.25), 0, 0, 0}};
    const Tensor b = {{2, 3}, {log(0.25), log(0.5), log(0.25), 11, 11, 11}};
    const AnswerDrift drift = compare_answers({0, 1}, a, b);
    EXPECT_CLOSE(drift.first_logprob, std::log(0.5 / 3), 6e-8);
    EXPECT_CLOSE(drift.second_logprob, std::log(0.25 / 3), 6e-8);
    const double kl = 0.5 * std::log(2.0) + 0.25 * std::log(0.5);
    EXPECT_CLOSE(drift.max_kl, kl, 6e-8);
    EXPECT_CLOSE(drift.mean_kl, kl / 2, 6e-8);
    EXPECT_EQ(drift.greedy_agreement, 0.5);
}

TEST(CompareAnswers, RefusesWhatIsNotTheSame) {
    const Tensor three = {{1, 3}, {1, 2, 3}}, two = {{1, 2}, {1, 2}};
    expect_error(ErrorCode::input, {"3 and 2 tokens"}, [&] { (void)compare_answers({0}, three, two); });
    expect_error(ErrorCode::input, {"each of 2 tokens"}, [&] {
        (void)compare_answers({0, 1}, three, three);
    });
    expect_error(ErrorCode::input, {"empty"}, [&] { (void)compare_answers({}, three, three); });
}

}  // namespace
}  // namespace llmx::test
