// A text in several micro-batches is the same text: logits, gradients through the KV cache. Where ggml reads
// GELU from a float16 table, its other product for a single token shows in the fourth digit.

#include <gtest/gtest.h>

#include "support/compare.hpp"
#include "support/measured.hpp"
#include "support/tiny_text.hpp"

namespace llmx {
namespace {

struct MicroBatchCase {
    const char* name;
    // relative L2 norms for micro-batches of one token
    double logits = 3.9e-7, gradients = 9.4e-7, attention = 3.8e-7;
};
void PrintTo(const MicroBatchCase& family, std::ostream* out) { *out << family.name; }

class MicroBatches : public testing::TestWithParam<MicroBatchCase> {
protected:
    const test::TinyText text{GetParam().name};
};

TEST_P(MicroBatches, AreOneText) {
    const test::PassResults one = text.results(0);
    EXPECT_EQ(one.passes, 1U);
    for (const int size : {1, 5, 8, 12, 23}) {
        const test::PassResults several = text.results(size);
        EXPECT_EQ(several.passes,
                  (text.ids.size() + static_cast<std::size_t>(size) - 1) / static_cast<std::size_t>(size));
        const double logits = test::relative_l2(several.results, one.results);
        const double gradients = test::relative_l2(several.gradients, one.gradients);
        std::cout << GetParam().name << ", " << size << " at a time: logits " << logits << ", gradients "
                  << gradients << '\n';
        EXPECT_MEASURED(logits, size == 1 ? GetParam().logits : 6e-8) << size;
        EXPECT_MEASURED(gradients, size == 1 ? GetParam().gradients : 4.8e-7) << size;
    }
}

TEST_P(MicroBatches, HaveTheSameAttention) {
    const AttentionResult one = text.attention();
    for (const int size : {1, 5, 12}) {
        for (const std::size_t budget : {std::size_t{0}, std::size_t{256} << 10}) {
            std::size_t pieces = 0;
            const AttentionResult several = text.attention(size, budget, &pieces);
            EXPECT_EQ(pieces > 1, budget > 0);
            const double measured = size == 1 ? GetParam().attention : 6e-8;
            ASSERT_EQ(several.weights.size(), one.weights.size());
            for (std::size_t b = 0; b < one.weights.size(); ++b)
                EXPECT_MEASURED(test::relative_l2(several.weights[b].values, one.weights[b].values),
                                measured);
            EXPECT_MEASURED(test::relative_l2(several.mean.values, one.mean.values), measured);
            EXPECT_MEASURED(test::relative_l2(several.median_raw.values, one.median_raw.values), measured);
            EXPECT_LE(test::max_difference(several.pair.attention, one.pair.attention), 1.01e-5);  // rounded
        }
    }
}

TEST_P(MicroBatches, ArePiecesToo) {
    const test::PassResults whole = text.results(7);
    const test::PassResults pieces = text.results(7, std::size_t{320} << 10);
    EXPECT_GT(pieces.pieces, 2U);
    EXPECT_EQ(test::max_difference(pieces.gradients, whole.gradients), 0.0);
}

constexpr MicroBatchCase gelu_case(const char* name) {
    return {name, test::other_table_entry, test::other_table_entry, test::other_table_entry};
}

INSTANTIATE_TEST_SUITE_P(Families, MicroBatches,
                         testing::Values(MicroBatchCase{"llama"}, MicroBatchCase{"qwen3"},
                                         MicroBatchCase{"mixtral"}, gelu_case("gemma3"), gelu_case("gpt2")),
                         [](const auto& family) { return std::string(family.param.name); });

}  // namespace
}  // namespace llmx
