// attention::attend against plain loops in double.

#include "attention/strips.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "support/measured.hpp"

namespace llmx::attention {
namespace {

constexpr float hidden = -std::numeric_limits<float>::infinity();

/// Two heads of queries over one of keys and values, which lie as [width, keys].
struct Example {
    static constexpr std::int64_t heads = 2, queries = 130, keys = 150, row = 8, width = 5;
    std::vector<float> q = random(heads * queries * row), k = random(keys * row), v = random(width * keys);
    std::vector<float> mask = std::vector<float>(queries * keys, 0.0F);

    static std::vector<float> random(std::int64_t count) {
        static std::mt19937 generator(3);
        std::uniform_real_distribution<float> pick(-1.0F, 1.0F);
        std::vector<float> values(static_cast<std::size_t>(count));
        for (float& value : values) value = pick(generator);
        return values;
    }
    /// Query i sees keys [i - back, i].
    void see(std::int64_t back) {
        for (std::int64_t i = 0; i < queries; ++i) {
            for (std::int64_t j = 0; j < keys; ++j)
                mask[static_cast<std::size_t>(i * keys + j)] = j > i || j < i - back ? hidden : 0.0F;
        }
    }
    [[nodiscard]] Heads view() const {
        Heads heads_;
        heads_.q = dense_view<const float>(q.data(), {1, heads, queries, row});
        heads_.k = dense_view<const float>(k.data(), {1, 1, keys, row});
        heads_.v = dense_view<const float>(v.data(), {1, 1, width, keys});
        heads_.mask = dense_view<const float>(mask.data(), {1, 1, queries, keys});
        heads_.across = true;
        heads_.scale = 0.7F;
        return heads_;
    }
    [[nodiscard]] double expected(std::int64_t head, std::int64_t query, std::int64_t column) const {
        double sum = 0, total = 0;
        for (std::int64_t j = 0; j < keys; ++j) {
            double z = 0;
            for (std::int64_t d = 0; d < row; ++d)
                z += static_cast<double>(q[static_cast<std::size_t>((head * queries + query) * row + d)]) *
                     static_cast<double>(k[static_cast<std::size_t>(j * row + d)]);
            const double e =
                std::exp(0.7 * z + static_cast<double>(mask[static_cast<std::size_t>(query * keys + j)]));
            total += e;
            sum += e * static_cast<double>(v[static_cast<std::size_t>(column * keys + j)]);
        }
        return sum / total;
    }
};

TEST(Strips, AreSoftmaxAttention) {
    Example example;
    for (const std::int64_t back : {1000, 9}) {
        example.see(back);
        for (const int threads : {1, 2, 3}) {
            std::vector<float> y(Example::heads * Example::queries * Example::width);
            attend(example.view(), y.data(), threads);
            double worst = 0;
            for (std::int64_t i = 0; i < static_cast<std::int64_t>(y.size()); ++i) {
                const std::int64_t query = i / Example::width;
                const double right =
                    example.expected(query / Example::queries, query % Example::queries, i % Example::width);
                worst =
                    std::max(worst, std::fabs(static_cast<double>(y[static_cast<std::size_t>(i)]) - right));
            }
            EXPECT_MEASURED(worst, 9.5e-8) << back << " " << threads;
        }
    }
}

TEST(Strips, LeaveOutWhatNoQuerySees) {
    Example example;
    example.see(9);
    const std::vector<Strip> strips = strips_of(example.view(), 0);
    ASSERT_EQ(strips.size(), 6U);  // 64, 64 and 2 queries of two heads
    EXPECT_EQ(strips[1].begin, 64 - 9);
    EXPECT_EQ(strips[1].end, 128);
    EXPECT_EQ(strips[4].begin, strips[1].begin);
    EXPECT_EQ(strips[4].head, 1);
}

TEST(Strips, AQueryWithoutKeysReadsNothing) {
    Example example;
    example.see(1000);
    std::fill_n(example.mask.begin() + 3 * Example::keys, Example::keys, hidden);
    std::vector<float> y(Example::heads * Example::queries * Example::width);
    attend(example.view(), y.data(), 2);
    for (std::int64_t d = 0; d < Example::width; ++d)
        EXPECT_EQ(y[static_cast<std::size_t>(3 * Example::width + d)], 0.0F);
    EXPECT_NE(y[static_cast<std::size_t>(4 * Example::width)], 0.0F);
}

TEST(Strips, AMaskOfBitsIsAMaskOfFloats) {
    Example example;
    example.see(20);
    Heads heads = example.view();
    std::vector<float> of_floats(
        static_cast<std::size_t>(Example::heads * Example::queries * Example::width));
    attend(heads, of_floats.data(), 2);
    const auto bits = MaskBits::of(example.mask);
    ASSERT_TRUE(bits);
    const Shape shape{1, 1, Example::queries, Example::keys};
    heads.mask = MaskView(*bits, 0, shape, dense_strides(shape));
    std::vector<float> of_bits(of_floats.size());
    attend(heads, of_bits.data(), 2);
    EXPECT_EQ(of_bits, of_floats);
}

}  // namespace
}  // namespace llmx::attention
