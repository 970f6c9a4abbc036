// Masks as bits.

#include "core/mask.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace llmx {
namespace {

constexpr float hidden = -std::numeric_limits<float>::infinity();

std::vector<float> random_mask(std::size_t count) {
    std::mt19937 generator(5);
    std::vector<float> values(count);
    for (float& value : values) value = generator() % 3 == 0 ? hidden : 0.0F;
    return values;
}

TEST(Mask, BitsGiveTheValuesBackFromAnyPlace) {
    const std::vector<float> values = random_mask(1003);
    const auto bits = MaskBits::of(values);
    ASSERT_TRUE(bits);
    for (const std::size_t first : {0, 1, 31, 32, 33, 970, 1003}) {
        for (const std::size_t count : {0, 1, 5, 31, 32, 33, 64, 97}) {
            if (first + count > values.size()) continue;
            std::vector<float> found(count);
            bits->expand(static_cast<std::int64_t>(first), static_cast<std::int64_t>(count), found.data());
            const auto from = values.begin() + static_cast<std::ptrdiff_t>(first);
            EXPECT_EQ(found, std::vector<float>(from, from + static_cast<std::ptrdiff_t>(count)))
                << first << ", " << count;
        }
    }
}

TEST(Mask, OtherValuesAreNotBits) {
    for (const float other :
         {-1.0F, 1e-30F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        std::vector<float> values = random_mask(40);
        values[37] = other;
        EXPECT_FALSE(MaskBits::of(values)) << other;
    }
}

TEST(Mask, AWindowIsRepeatedAsItsFloatsAre) {
    const std::vector<float> values = random_mask(2 * 3 * 5 * 7);
    const Shape shape{2, 1, 4, 6}, strides{3 * 5 * 7, 5 * 7, 7, 1};  // a part of each extent
    const auto bits = MaskBits::of(values);
    const MaskView of_bits(*bits, 8, shape, strides);
    const MaskView of_floats(TensorView<const float>{values.data() + 8, shape, strides});
    std::vector<float> a, b;
    for (std::int64_t batch = 0; batch < 4; ++batch) {
        for (std::int64_t row = 0; row < 4; ++row) {
            const float* bit = of_bits.row(batch, 3, row, 1, 6, a);
            const float* number = of_floats.row(batch, 3, row, 1, 6, b);
            EXPECT_EQ(std::vector<float>(bit, bit + 5), std::vector<float>(number, number + 5));
        }
    }
}

}  // namespace
}  // namespace llmx
