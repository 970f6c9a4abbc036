#include <gtest/gtest.h>

#include "core/suggest.hpp"
#include "support/expect_error.hpp"

namespace llmx {
namespace {

TEST(Suggest, EditDistance) {
    EXPECT_EQ(edit_distance("", ""), 0);
    EXPECT_EQ(edit_distance("abc", ""), 3);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
    EXPECT_EQ(edit_distance("atention", "attention"), 1);
    EXPECT_EQ(edit_distance("gardient", "gradient"), 1);  // one swap
    EXPECT_EQ(edit_distance("Q4_k_m", "Q4_K_M"), 0);
    EXPECT_EQ(edit_distance("gradient", "attention"), edit_distance("attention", "gradient"));
}

TEST(Suggest, NearestFirstAndTiesInOrder) {
    const std::vector<std::string> known = {"attention", "gradient", "grading", "attention"};
    EXPECT_EQ(nearest("gradin", known), std::vector<std::string>{"grading"});
    EXPECT_EQ(nearest("gradin", known, 9), (std::vector<std::string>{"grading", "gradient", "attention"}));
    EXPECT_TRUE(nearest("x", {}).empty());
    const std::vector<std::string> tie = {"ab", "ac"};
    EXPECT_EQ(nearest("ad", tie), std::vector<std::string>{"ab"});
}

TEST(Suggest, Message) {
    const std::vector<std::string> known = {"attention", "gradient"};
    EXPECT_EQ(unknown_message("method", "atention", known),
              "unknown method \"atention\"; known: attention, gradient; nearest: attention");
    const std::vector<std::string> many(31, "some_name");
    EXPECT_EQ(unknown_message("key", "x", many), "unknown key \"x\"; nearest: some_name");
    EXPECT_EQ(unknown_message("key", "x", {}), "unknown key \"x\"");
    test::expect_error(ErrorCode::usage, {"unknown method \"g\""},
                       [&] { throw_unknown("method", "g", known); });
}

}  // namespace
}  // namespace llmx
