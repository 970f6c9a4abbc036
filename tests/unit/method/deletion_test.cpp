#include <gtest/gtest.h>

#include "method/deletion.hpp"

namespace llmx::method {
namespace {

using Ints = std::vector<int>;

engine::PassInput text(Tokens source, Tokens ids, Ints outputs) {
    engine::PassInput input;
    input.source = std::move(source);
    input.ids = std::move(ids);
    input.outputs = std::move(outputs);
    return input;
}

TEST(Deletion, WhatFollowsMovesUp) {
    const auto shorter =
        without_rows(text({}, {10, 11, 12, 13, 14}, {2, 3}), {false, true, false, false, false}, 9);
    EXPECT_EQ(shorter.ids, (Tokens{10, 12, 13, 14}));
    EXPECT_EQ(shorter.outputs, (Ints{1, 2}));
}

TEST(Deletion, TheLastRowLeftPredicts) {
    const auto shorter =
        without_rows(text({}, {10, 11, 12, 13, 14}, {2, 3}), {false, false, true, true, false}, 9);
    EXPECT_EQ(shorter.ids, (Tokens{10, 11, 14}));
    EXPECT_EQ(shorter.outputs, (Ints{1, 1}));
}

TEST(Deletion, ANeutralTokenStandsWhereNothingIsLeft) {
    const auto shorter = without_rows(text({}, {10, 11, 12, 13}, {1, 2}), {true, true, false, false}, 9);
    EXPECT_EQ(shorter.ids, (Tokens{9, 12, 13}));
    EXPECT_EQ(shorter.outputs, (Ints{0, 1}));
}

TEST(Deletion, ASourceIsCutApartFromTheText) {
    const auto some = without_rows(text({1, 2}, {10, 11}, {0, 1}), {true, false, false, false}, 9);
    EXPECT_EQ(some.source, (Tokens{2}));
    EXPECT_EQ(some.ids, (Tokens{10, 11}));
    EXPECT_EQ(some.outputs, (Ints{0, 1}));
    EXPECT_EQ(without_rows(text({1, 2}, {10, 11}, {0, 1}), {true, true, false, false}, 9).source,
              (Tokens{9}));
}

}  // namespace
}  // namespace llmx::method
