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

TEST(Deletion, TokensTakeThePlaceOfRows) {
    const std::vector<bool> absent = {false, true, true, false, true};
    const auto other =
        without_rows(text({}, {10, 11, 12, 13, 14}, {0, 1, 2, 3}), absent, 9, {{1, {5, 6, 7}}, {4, {8}}});
    EXPECT_EQ(other.ids, (Tokens{10, 5, 6, 7, 13, 8}));
    EXPECT_EQ(other.outputs, (Ints{0, 3, 3, 4}));
    const auto source = without_rows(text({1, 2}, {10}, {0}), {true, true, false}, 9, {{0, {5, 6}}, {1, {}}});
    EXPECT_EQ(source.source, (Tokens{5, 6}));
    EXPECT_EQ(source.ids, (Tokens{10}));
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
