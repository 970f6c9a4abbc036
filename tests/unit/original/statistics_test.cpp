#include "original/statistics.hpp"

#include <gtest/gtest.h>

namespace llmx::original {
namespace {

TEST(Statistics, MinMaxSpansZeroToOneAndIsZeroForEqualValues) {
    std::vector<float> values{3, -1, 1};
    min_max(values);
    EXPECT_EQ(values, (std::vector<float>{1, 0, 0.5F}));
    std::vector<float> equal{2, 2};
    min_max(equal);
    EXPECT_EQ(equal, (std::vector<float>{0, 0}));
    min_max({});
}

TEST(Statistics, MediansOfOddAndEvenCounts) {
    std::vector<float> even{4, 1, 3, 2};
    EXPECT_EQ(lower_median(even), 2);
    std::vector<float> odd{5, 1, 3};
    EXPECT_EQ(lower_median(odd), 3);
    std::vector<double> four{4, 1, 3, 2};
    EXPECT_EQ(median(four), 2.5);
    std::vector<double> three{5, 1, 3};
    EXPECT_EQ(median(three), 3);
    std::vector<double> one{7};
    EXPECT_EQ(median(one), 7);
}

TEST(Statistics, RoundsToDecimals) {
    EXPECT_FLOAT_EQ(rounded(0.12345, 3), 0.123F);
    EXPECT_FLOAT_EQ(rounded(-1.5, 0), -2.0F);
}

}  // namespace
}  // namespace llmx::original
