#include "serve/guesses.hpp"

#include <gtest/gtest.h>

namespace llmx::serve {
namespace {

using namespace std::chrono_literals;

TEST(Guesses, AFewAtOnceThenOneASecond) {
    Guesses guesses({.at_once = 3, .a_second = 1, .sources = 2});
    const auto start = Guesses::Clock::now();
    const auto tried = [&](const std::string& source, Guesses::Clock::time_point now, int times) {
        int looked_at = 0;
        for (int i = 0; i < times; ++i) {
            if (!guesses.may_guess(source, now)) continue;
            ++looked_at;
            guesses.was_wrong(source, now);
        }
        return looked_at;
    };
    EXPECT_EQ(tried("a", start, 100), 3);
    EXPECT_EQ(tried("a", start + 500ms, 100), 0);
    EXPECT_EQ(tried("a", start + 1s, 100), 1);
    EXPECT_EQ(tried("b", start + 1s, 100), 3);       // its own
    EXPECT_EQ(tried("a", start + 1h, 100), 3);       // no more than at first
    EXPECT_EQ(tried("c", start + 1h + 1s, 100), 3);  // b is forgotten
    EXPECT_EQ(tried("b", start + 1h + 1s, 100), 3);
}

}  // namespace
}  // namespace llmx::serve
