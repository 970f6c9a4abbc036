// Products against three plain loops in double.

#include "gemm/gemm.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "support/measured.hpp"

namespace llmx::gemm {

namespace {

std::vector<float> random_floats(std::int64_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> pick(-1.0F, 1.0F);
    std::vector<float> values(static_cast<std::size_t>(std::max<std::int64_t>(count, 1)));
    for (float& x : values) x = pick(random);
    return values;
}

struct Sizes {
    std::int64_t m, n, k;
};

const Sizes sizes[] = {{1, 1, 1}, {1, 7, 5}, {6, 1, 5}, {6, 7, 1}, {3, 4, 5}, {33, 65, 17}, {70, 48, 130}};

/// Relative L2 over the m x n elements of C.
double error(const std::vector<float>& got, const std::vector<float>& expected, const Sizes& s,
             std::int64_t leading) {
    double difference = 0;
    double size = 0;
    for (std::int64_t i = 0; i < s.m; ++i) {
        for (std::int64_t j = 0; j < s.n; ++j) {
            const auto at = static_cast<std::size_t>(i * leading + j);
            const auto x = static_cast<double>(expected[at]);
            difference += std::pow(static_cast<double>(got[at]) - x, 2);
            size += x * x;
        }
    }
    return std::sqrt(difference) / std::max(std::sqrt(size), 1e-6);
}

TEST(Gemm, TransposesLeadingDimensionsAndBeta) {
    for (const Sizes& s : sizes) {
        for (const bool ta : {false, true}) {
            for (const bool tb : {false, true}) {
                for (const std::int64_t gap : {0, 3}) {
                    for (const float beta : {0.0F, 1.0F, -0.5F}) {
                        for (const int threads : {1, 2}) {
                            const Operand shape_a{nullptr, (ta ? s.m : s.k) + gap, ta};
                            const Operand shape_b{nullptr, (tb ? s.k : s.n) + gap, tb};
                            const auto a = random_floats(shape_a.leading * (ta ? s.k : s.m), 1);
                            const auto b = random_floats(shape_b.leading * (tb ? s.n : s.k), 2);
                            const std::int64_t leading = s.n + gap;
                            auto got = random_floats(leading * s.m, 3);
                            // beta = 0 must not read what was there
                            if (beta == 0.0F) std::fill(got.begin(), got.end(), std::nanf(""));
                            auto expected = got;
                            const auto before = got;
                            multiply(s.m, s.n, s.k, {a.data(), shape_a.leading, ta},
                                     {b.data(), shape_b.leading, tb}, beta, got.data(), leading, threads);
                            multiply_reference(s.m, s.n, s.k, {a.data(), shape_a.leading, ta},
                                               {b.data(), shape_b.leading, tb}, beta, expected.data(),
                                               leading);
                            ASSERT_MEASURED(error(got, expected, s, leading), 2.2e-7)
                                << s.m << "x" << s.n << "x" << s.k << " " << ta << tb << " gap " << gap;
                            for (std::int64_t i = 0; i < s.m; ++i) {
                                for (std::int64_t j = s.n; j < leading; ++j) {
                                    const auto at = static_cast<std::size_t>(i * leading + j);
                                    ASSERT_EQ(std::bit_cast<std::uint32_t>(got[at]),
                                              std::bit_cast<std::uint32_t>(before[at]))
                                        << "wrote between the rows";
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

TEST(Gemm, ZeroSizesLeaveOrClear) {
    const std::vector<float> some(16, 2.0F);
    std::vector<float> c(16, 3.0F);
    multiply(0, 4, 4, {some.data(), 4}, {some.data(), 4}, 1.0F, c.data(), 4, 1);
    multiply(4, 0, 4, {some.data(), 4}, {some.data(), 4}, 1.0F, c.data(), 4, 1);
    EXPECT_EQ(c, std::vector<float>(16, 3.0F));
    multiply(4, 4, 0, {some.data(), 4}, {some.data(), 4}, 1.0F, c.data(), 4, 1);
    EXPECT_EQ(c, std::vector<float>(16, 3.0F)) << "an empty sum adds nothing";
    multiply(4, 4, 0, {some.data(), 4}, {some.data(), 4}, 0.0F, c.data(), 4, 1);
    EXPECT_EQ(c, std::vector<float>(16, 0.0F)) << "an empty sum is zero";
}

TEST(Gemm, SameBitsEveryTime) {
    const auto a = random_floats(70 * 130, 1);
    const auto b = random_floats(130 * 48, 2);
    std::vector<float> first(70 * 48);
    std::vector<float> second(70 * 48);
    multiply(70, 48, 130, {a.data(), 130}, {b.data(), 48}, 0.0F, first.data(), 48, 2);
    multiply(70, 48, 130, {a.data(), 130}, {b.data(), 48}, 0.0F, second.data(), 48, 2);
    EXPECT_EQ(first, second);
}

TEST(Gemm, ReferenceIsRight) {
    const std::vector<float> a{1, 2, 3, 4};
    const std::vector<float> b{5, 6, 7, 8};
    std::vector<float> c{100, 100, 100, 100};
    multiply_reference(2, 2, 2, {a.data(), 2}, {b.data(), 2}, 0.0F, c.data(), 2);
    EXPECT_EQ(c, (std::vector<float>{19, 22, 43, 50}));
    multiply_reference(2, 2, 2, {a.data(), 2, true}, {b.data(), 2, true}, 1.0F, c.data(), 2);
    EXPECT_EQ(c, (std::vector<float>{19 + 23, 22 + 31, 43 + 34, 50 + 46}));
}

TEST(Bfloat16, RoundsToNearestEven) {
    const std::vector<float> in{1.0F, 1.00390625F, 1.01171875F, -1.0F, 0.0F, 3e38F};
    std::vector<std::uint16_t> out(in.size());
    to_bfloat16(in.data(), static_cast<std::int64_t>(in.size()), out.data());
    EXPECT_EQ(out, (std::vector<std::uint16_t>{0x3F80, 0x3F80, 0x3F82, 0xBF80, 0x0000, 0x7F62}));
}

TEST(Bfloat16, KeepsInfinityAndNan) {
    const std::vector<float> in{std::numeric_limits<float>::infinity(), std::nanf("")};
    std::vector<std::uint16_t> out(in.size());
    to_bfloat16(in.data(), 2, out.data());
    EXPECT_EQ(out[0], 0x7F80);
    EXPECT_TRUE(std::isnan(std::bit_cast<float>(std::uint32_t{out[1]} << 16U)));
}

TEST(Bfloat16, Products) {
    if (!has_bfloat16()) GTEST_SKIP() << "no bfloat16 products on this machine";
    for (const Sizes& s : sizes) {
        for (const float beta : {0.0F, 1.0F}) {
            for (const std::int64_t gap : {0, 3}) {
                const auto a = random_floats(s.m * (s.k + gap), 1);
                const auto b = random_floats(s.k * s.n, 2);
                std::vector<std::uint16_t> rounded(b.size());
                to_bfloat16(b.data(), s.k * s.n, rounded.data());
                const std::int64_t leading = s.n + gap;
                auto got = random_floats(s.m * leading, 3);
                auto expected = got;
                multiply_bfloat16(s.m, s.n, s.k, a.data(), s.k + gap, {rounded.data(), s.n}, beta, got.data(),
                                  leading, 2);
                multiply_reference(s.m, s.n, s.k, {a.data(), s.k + gap}, {b.data(), s.n}, beta,
                                   expected.data(), leading);
                ASSERT_LE(error(got, expected, s, leading), 1e-2) << s.m << "x" << s.n << "x" << s.k;
            }
        }
    }
}

}  // namespace

}  // namespace llmx::gemm
