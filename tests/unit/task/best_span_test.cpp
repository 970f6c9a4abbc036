// The best span of a window, and the best of several windows.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "task/extractive/best_span.hpp"

namespace llmx::task {
namespace {

using Logits = std::vector<float>;

TEST(BestSpan, GreatestSumWithStartBeforeEnd) {
    // places 1 to 4; the greatest start (4) has only an end of its own behind it
    const Logits start{9, 1, 0, 0, 4, 9};
    const Logits end{9, 0, 5, 3, -3, 9};
    const auto span = best_span(start, end, 1, 5);
    ASSERT_TRUE(span.has_value());
    EXPECT_EQ(span->start, 1);
    EXPECT_EQ(span->end, 2);
    EXPECT_DOUBLE_EQ(span->score, 6);
}

TEST(BestSpan, MayBeOneToken) {
    const auto span = best_span(Logits{0, 0, 7, 0}, Logits{0, 0, 7, 0}, 0, 4);
    EXPECT_EQ(span->start, 2);
    EXPECT_EQ(span->end, 2);
}

TEST(BestSpan, AtMostThirtyTokens) {
    Logits start(40, 0.0F), end(40, 0.0F);
    start[2] = 5;
    end[31] = 5;  // 30 tokens
    end[32] = 6;  // 31
    const auto span = best_span(start, end, 0, 40);
    EXPECT_EQ(span->start, 2);
    EXPECT_EQ(span->end, 31);
    end[31] = 0;
    EXPECT_NE(best_span(start, end, 0, 40)->start, 2);
}

TEST(BestSpan, OnlyTheTwentyBestAreTried) {
    // The best end before place 25 is the 21st; the 20 better ones all stand before the only good start.
    Logits start(60, -50.0F), end(60, -50.0F);
    for (int i = 0; i < 20; ++i) end[static_cast<std::size_t>(i)] = 10.0F + static_cast<float>(i);
    end[50] = 9;
    for (int i = 40; i < 60; ++i) start[static_cast<std::size_t>(i)] = 20;
    EXPECT_FALSE(best_span(start, end, 0, 60).has_value());
    end[50] = 11.5F;  // now the 19th: 10 drops out
    ASSERT_TRUE(best_span(start, end, 0, 60).has_value());
    EXPECT_EQ(best_span(start, end, 0, 60)->end, 50);
}

TEST(BestSpan, TheEarlierOfEquals) {
    const Logits flat(6, 1.0F);
    const auto span = best_span(flat, flat, 2, 6);
    EXPECT_EQ(span->start, 2);
    EXPECT_EQ(span->end, 2);
}

TEST(Choice, TheBestWindowWins) {
    const std::vector<WindowAnswer> windows{
        {TokenSpan{3, 4, 1.5}, -9}, {TokenSpan{5, 6, 2.5}, -8}, {std::nullopt, -7}};
    const Choice choice = choose(windows);
    EXPECT_EQ(choice.window, 1);
    EXPECT_EQ(choice.span.start, 5);
    EXPECT_FALSE(choice.no_answer);
}

TEST(Choice, NoAnswerWhereEveryWindowPrefersTheClassToken) {
    const std::vector<WindowAnswer> windows{{TokenSpan{3, 4, 1.5}, 4}, {TokenSpan{5, 6, 2.5}, 3}};
    const Choice choice = choose(windows);
    EXPECT_TRUE(choice.no_answer);
    EXPECT_EQ(choice.window, 1);
    EXPECT_EQ(choice.span.start, 0);
    EXPECT_EQ(choice.span.end, 0);
    EXPECT_DOUBLE_EQ(choice.span.score, 3);
    // a head that was trained without such questions takes the best span all the same
    const Choice span = choose(windows, true);
    EXPECT_FALSE(span.no_answer);
    EXPECT_EQ(span.window, 1);
    EXPECT_EQ(span.span.start, 5);
    // one window that holds the answer is enough
    EXPECT_FALSE(choose(std::vector<WindowAnswer>{windows[0], {TokenSpan{5, 6, 2.5}, 2}}).no_answer);
}

TEST(Choice, NoSpanIsNoAnswer) {
    EXPECT_TRUE(choose(std::vector<WindowAnswer>{{std::nullopt, -100}}).no_answer);
}

}  // namespace
}  // namespace llmx::task
