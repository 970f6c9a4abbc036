// What cannot be asked of units, and scores of tokens as those of units.

#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "unit/split.hpp"

namespace llmx {
namespace {

using test::expect_error;
using unit::Text;

const Text one_token{{"a"}, {false}, 1, {}};

TEST(UnitChoice, WhatCannotBeAskedIsRefused) {
    const auto refused = [](const UnitChoice& choice, std::initializer_list<std::string> words) {
        expect_error(ErrorCode::usage, words, [&] { unit::require_choice(choice); });
    };
    refused({.kind = UnitKind::regex}, {"`unit_pattern`", "none given"});
    refused({.kind = UnitKind::regex, .pattern = "a(b"},
            {"\"a(b\"", "U_REGEX_MISMATCHED_PAREN", "character 3"});
    refused({.kind = UnitKind::word, .pattern = "a"}, {"`unit` word", "`unit_pattern`"});
    refused({.kind = UnitKind::spans}, {"`unit_spans`", "none given"});
    refused({.kind = UnitKind::line, .spans = {{0, 1}}}, {"`unit` line", "`unit_spans`"});
    refused({.kind = UnitKind::spans, .spans = {{0, 4}, {3, 6}}}, {"3:6", "do not overlap"});
    refused({.kind = UnitKind::spans, .spans = {{5, 6}, {0, 4}}}, {"0:4", "in order"});
    refused({.kind = UnitKind::spans, .spans = {{2, 2}}}, {"2:2"});
    refused({.kind = UnitKind::spans, .spans = {{-1, 2}}}, {"-1:2"});
    refused({.context = std::pair{3, 3}}, {"context", "3:3"});
    for (const UnitChoice& choice : {UnitChoice{.kind = UnitKind::turn},
                                     {.kind = UnitKind::role},
                                     {.fixed = FixedTokens::chat_template}}) {
        expect_error(ErrorCode::usage, {"neither a chat", "`user` or `messages`"},
                     [&] { (void)unit::split(one_token, choice); });
        UnitChoice because = choice;
        because.unplaced = "message 2 is not there";
        expect_error(ErrorCode::usage, {"message 2 is not there"},
                     [&] { (void)unit::split(one_token, because); });
    }
    expect_error(ErrorCode::usage, {"part 1:9 (user)"}, [] {
        (void)unit::split(Text{{"abc"}, {false}, 1, {{1, 9, "user"}}}, {.kind = UnitKind::turn});
    });
}

TEST(UnitChoice, TheRationaleMarksUnits) {
    const Text text{{"<s>", "It", " is", " 9", ":", "30", " now", "\n", " is"},
                    {true, false, false, false, false, false, false, false, false},
                    9,
                    {}};
    const UnitChoice special{.fixed = FixedTokens::special};
    const std::vector<Unit> units = unit::split(text, special);  // every token but the first
    const auto marked = [&](const std::vector<PromptPlace>& places) {
        std::string found;
        for (const bool is : unit::in_rationale(text, units, places)) found += is ? '1' : '0';
        return found;
    };
    EXPECT_EQ(marked({}), "");
    EXPECT_EQ(marked({{"now", {}}}), "00000100");
    EXPECT_EQ(marked({{"now", {}}, {"It is 9", {}}}), "11100100");
    EXPECT_EQ(marked({{"", std::pair{3, 5}}}), "10000000");
    EXPECT_EQ(marked({{"9:30", std::pair{9, 30}}}), "00111000") << "words of the prompt";
    EXPECT_EQ(marked({{"3:5", std::pair{3, 5}}}), "10000000") << "no words of the prompt";
    EXPECT_EQ(marked({{"<s>It", {}}}), "10000000") << "a held token has no unit";
    const std::vector<Unit> whole =
        unit::split(text, {.kind = UnitKind::line, .fixed = FixedTokens::special});
    EXPECT_EQ(unit::in_rationale(text, whole, {{"now", {}}}), (std::vector<bool>{true, false}));
    const auto refused = [&](const PromptPlace& place, std::initializer_list<std::string> words) {
        expect_error(ErrorCode::input, words, [&] { (void)marked({{"now", {}}, place}); });
    };
    refused({"zebra", {}}, {"`rationale`", "\"zebra\"", "not in the prompt"});
    refused({"is", {}}, {"`rationale`", "more than once"});
    refused({"", std::pair{3, 300}}, {"`rationale`", "3:300"});
    refused({"", std::pair{18, 19}}, {"`rationale`", "18:19", "no token has text"});
    refused({"<s>", {}}, {"`rationale`", "\"<s>\"", "held", "`hold` none"});
    expect_error(ErrorCode::usage, {"`rationale`", "empty place"}, [&] { (void)marked({{}}); });
}

TEST(UnitChoice, Aggregation) {
    const Tensor scores{{2, 4}, {1, -3, 2, 0.5F, -1, 1, 0, 4}};
    const std::vector<Unit> units{{"", "", {0, 1, 3}}, {"", "", {2}}};
    EXPECT_EQ(unit::aggregate(scores, units, Aggregation::sum).values, (std::vector<float>{-1.5F, 2, 4, 0}));
    EXPECT_EQ(unit::aggregate(scores, units, Aggregation::mean).values,
              (std::vector<float>{-0.5F, 2, 4.0F / 3, 0}));
    const Tensor largest = unit::aggregate(scores, units, Aggregation::max_abs);
    EXPECT_EQ(largest.values, (std::vector<float>{-3, 2, 4, 0}));
    EXPECT_EQ(largest.shape, (std::vector<std::int64_t>{2, 2}));
    EXPECT_TRUE(unit::aggregate(scores, {}, Aggregation::sum).empty());
    // Errors: of the chosen row, -3's and 4's; of several together no less than what they add.
    const Tensor errors{{2, 4}, {0.5F, 0.25F, 1, 2, 3, 1, 0.5F, 0.125F}};
    const auto errors_of = [&](Aggregation how) {
        return unit::aggregate_errors(scores, errors, units, how).values;
    };
    EXPECT_EQ(errors_of(Aggregation::max_abs), (std::vector<float>{0.25F, 1, 0.125F, 0.5F}));
    EXPECT_EQ(errors_of(Aggregation::sum), (std::vector<float>{2.75F, 1, 4.125F, 0.5F}));
    EXPECT_EQ(errors_of(Aggregation::mean), (std::vector<float>{2.75F / 3, 1, 1.375F, 0.5F}));
    expect_error(ErrorCode::internal, {"row 4"}, [&] {
        (void)unit::aggregate(scores, {{"", "", {4}}}, Aggregation::sum);
    });
}

}  // namespace
}  // namespace llmx
