// Rollout and flow where the answer is known.

#include <gtest/gtest.h>

#include "method/attention/flow.hpp"
#include "method/attention/rollout.hpp"
#include "support/compare.hpp"
#include "support/measured.hpp"

namespace llmx::method {
namespace {

Tensor square(std::int64_t rows, std::vector<float> values) { return {{rows, rows}, std::move(values)}; }

/// A text's layers one after another, every row of each taken.
Tensor rolled(const std::vector<Tensor>& layers, const Tensor& top) {
    const auto rows = static_cast<int>(top.shape[1]);
    std::vector<Mix> mixes;
    for (int l = 1; l <= static_cast<int>(layers.size()); ++l) mixes.push_back({l, 0, rows});
    Rollout rollout(mixes, top);
    for (std::size_t l = layers.size(); l-- > 0;)
        for (int row = 0; row < rows; ++row)
            rollout.take(l, row, layers[l].row(static_cast<std::size_t>(row)));
    return rollout.finish();
}

TEST(Rollout, OfTheIdentityIsTheIdentity) {
    const Tensor one = square(3, {1, 0, 0, 0, 1, 0, 0, 0, 1});
    EXPECT_EQ(rolled({one, one, one}, one).values, one.values);
}

TEST(Rollout, IsTheProductWithTheLowestLayerLast) {
    const Tensor low = square(2, {0.5F, 0.5F, 0, 1});
    const Tensor high = square(2, {0.25F, 0.75F, 1, 0});
    const Tensor one = square(2, {1, 0, 0, 1});
    EXPECT_EQ(rolled({low, high}, one).values,
              (std::vector<float>{0.125F, 0.875F, 0.5F, 0.5F}));  // high * low
}

/// Each of n rows looks at all alike: half of a row stays, half is the mean. After L layers the row keeps
/// 2^-L, and the rest is spread.
TEST(Rollout, OfUniformAttentionIsKnown) {
    constexpr int rows = 5;
    constexpr int layers = 4;
    Tensor layer = Tensor::zero({rows, rows});
    for (int r = 0; r < rows; ++r) {
        const auto row = layer.row(static_cast<std::size_t>(r));
        std::fill(row.begin(), row.end(), 1.0F / rows);
        add_residual(row, r);
    }
    Tensor top = Tensor::zero({1, rows});
    top.row(0)[2] = 1;
    const Tensor found = rolled(std::vector<Tensor>(layers, layer), top);
    const float kept = std::pow(0.5F, static_cast<float>(layers));
    for (int k = 0; k < rows; ++k)
        EXPECT_CLOSE(found.values[static_cast<std::size_t>(k)], (1 - kept) / rows + (k == 2 ? kept : 0),
                     6e-8);
}

TEST(Rollout, ResidualOfARowThatLooksAtLess) {
    std::vector<float> sink = {0.2F, 0.1F, 0};  // sums to 0.3: the rest goes into an attention sink
    add_residual(sink, 1);
    EXPECT_MEASURED(test::max_difference(sink, std::vector<float>{0.2F / 1.3F, 1.1F / 1.3F, 0}), 6e-8);
}

/// A source of rows 0 and 1, a text of rows 2 and 3: the encoder moves the source, the decoder the text.
TEST(Rollout, RowsThatALayerLeavesAlonePassIt) {
    const std::vector<Mix> mixes = {{1, 0, 2}, {2, 2, 4}, {3, 2, 4}};
    Tensor top = Tensor::zero({1, 4});
    top.row(0)[3] = 1;
    Rollout rollout(mixes, top);
    rollout.take(2, 3, std::vector<float>{0, 0.5F, 0, 0.5F});    // cross
    rollout.take(1, 3, std::vector<float>{0, 0, 1, 0});          // self
    rollout.take(0, 1, std::vector<float>{0.75F, 0.25F, 0, 0});  // encoder
    EXPECT_EQ(rollout.finish().values, (std::vector<float>{0.375F, 0.125F, 0.5F, 0}));
}

/// What is not taken passes unchanged, also in the lowest mix and where a text comes in micro-batches.
TEST(Rollout, MixesThatNobodyTakesChangeNothing) {
    const std::vector<Mix> mixes = {{1, 0, 1}, {2, 0, 1}, {1, 1, 2}, {2, 1, 2}};
    Tensor top = Tensor::zero({2, 2});
    top.row(0)[0] = 1;
    top.row(1)[1] = 1;
    Rollout untouched(mixes, top);
    EXPECT_EQ(untouched.finish().values, top.values);
    Rollout lowest({{1, 0, 2}, {2, 0, 2}}, top);
    lowest.take(0, 0, std::vector<float>{1, 0});
    lowest.take(0, 1, std::vector<float>{0.5F, 0.5F});
    EXPECT_EQ(lowest.finish().values, (std::vector<float>{1, 0, 0.5F, 0.5F}));
    Rollout some(mixes, top);
    some.take(3, 1, std::vector<float>{0.5F, 0.5F});
    some.take(0, 0, std::vector<float>{1, 0});
    EXPECT_EQ(some.finish().values, (std::vector<float>{1, 0, 0.5F, 0.5F}));
}

TEST(Flow, OfAChainIsItsNarrowestLink) {
    const Tensor wide = square(2, {1, 0, 0, 1});
    const Tensor narrow = square(2, {0.25F, 0, 0.75F, 0.5F});
    const LayeredFlow flow({wide, narrow, wide});
    EXPECT_EQ(flow.maximum(0, 0), 0.25);
    EXPECT_EQ(flow.maximum(1, 0), 0.75);
    EXPECT_EQ(flow.maximum(1, 1), 0.5);
    EXPECT_EQ(flow.maximum(0, 1), 0.0);  // no way
}

/// Two ways that share their last link: the rollout would count both.
TEST(Flow, OfTwoWaysIsBoundByTheLinkTheyShare) {
    const Tensor high = square(2, {0.5F, 0.5F, 0.5F, 0.5F});
    const Tensor low = square(2, {0.125F, 0.875F, 0.25F, 0.75F});
    const LayeredFlow flow({low, high});
    EXPECT_EQ(flow.maximum(0, 0), 0.375);  // 0.125 and 0.25, each less than the 0.5 above it
    EXPECT_EQ(flow.maximum(0, 1), 1.0);    // 0.5 and 0.5, of 0.875 and 0.75
    EXPECT_GT(flow.bytes(), 0U);
}

}  // namespace
}  // namespace llmx::method
