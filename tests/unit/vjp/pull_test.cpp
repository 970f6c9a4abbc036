// Helpers of the reverse pass's rules.

#include "vjp/pull.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace llmx::vjp {

namespace {

TEST(AllZero, SeesOneElementAnywhere) {
    for (const std::int64_t n : {1, 2, 63, 64, 65, 130}) {
        std::vector<float> x(static_cast<std::size_t>(n), 0.0F);
        EXPECT_TRUE(all_zero(x.data(), n));
        for (float& element : x) {
            for (const float value : {1.0F, -1e-45F, std::nanf("")}) {
                element = value;
                EXPECT_FALSE(all_zero(x.data(), n)) << n;
            }
            element = -0.0F;
            EXPECT_TRUE(all_zero(x.data(), n)) << "minus zero is zero";
        }
    }
    EXPECT_TRUE(all_zero(nullptr, 0));
}

TEST(Clear, TouchesNothingBesides) {
    std::vector<float> memory(2 * 3 * 4, 1.0F);
    clear(TensorView<float>{memory.data(), {1, 2, 3, 2}, {24, 12, 4, 1}});
    for (std::size_t k = 0; k < memory.size(); ++k) EXPECT_EQ(memory[k], k % 4 < 2 ? 0.0F : 1.0F);
    std::fill(memory.begin(), memory.end(), 1.0F);
    clear(TensorView<float>{memory.data(), {1, 1, 4, 6}, {24, 24, 1, 4}});  // transposed
    EXPECT_EQ(memory, std::vector<float>(24, 0.0F));
}

}  // namespace

}  // namespace llmx::vjp
