// Attention strip by strip, as long texts have it: what short texts have by ggml's matrices.

#include <gtest/gtest.h>

#include "engine/pass/attention.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "support/pass_results.hpp"
#include "support/short_texts.hpp"

namespace llmx {
namespace {

using test::prompt_size;

/// Where ggml reads GELU from a float16 table, the last bit of its argument counts in the fourth digit.
struct StripCase {
    const char* name;
    double results = 1.3e-7, gradients = 4e-7, weights = 1.4e-7;
    std::size_t budget = std::size_t{96} << 10U;  ///< cuts the pass in more than two
};
void PrintTo(const StripCase& family, std::ostream* out) { *out << family.name; }

class Strips : public testing::TestWithParam<StripCase> {
protected:
    const std::string stem = test::data_file(GetParam().name, "-tiny");
    const Model model = Model::load(stem + ".gguf");
    const Tokens ids = test::GoldenFile(stem + ".golden.gguf").ids("ids");

    [[nodiscard]] engine::PassInput input() const {
        engine::PassInput input{.ids = ids};
        for (int p = prompt_size - 1; p + 1 < static_cast<int>(ids.size()); ++p) input.outputs.push_back(p);
        return input;
    }
    [[nodiscard]] test::PassResults results(int micro_batch = 0, std::size_t budget = 0,
                                            int threads = 2) const {
        const Tokens answer(ids.begin() + prompt_size, ids.end());
        return test::per_term(model, input(), objective::terms(Objective::generated, answer, {}), micro_batch,
                              budget, threads);
    }
    [[nodiscard]] AttentionResult attention(std::size_t budget = 0, std::size_t* pieces = nullptr) const {
        return test::attention(model, input(), replay::AttentionKind::self, prompt_size,
                               static_cast<int>(ids.size()) - prompt_size, 0, budget, pieces);
    }
};

TEST_P(Strips, GiveTheResultsAndGradientsOfMatrices) {
    const test::PassResults matrices = results();
    const test::ShortTexts by_strips;
    for (const int micro_batch : {0, 7}) {
        const test::PassResults strips = results(micro_batch);
        EXPECT_MEASURED(test::relative_l2(strips.results, matrices.results), GetParam().results)
            << micro_batch;
        EXPECT_MEASURED(test::relative_l2(strips.gradients, matrices.gradients), GetParam().gradients)
            << micro_batch;
    }
}

TEST_P(Strips, GiveTheWeightsOfMatrices) {
    const AttentionResult matrices = attention();
    const test::ShortTexts by_strips;
    const AttentionResult strips = attention();
    ASSERT_EQ(strips.weights.size(), matrices.weights.size());
    for (std::size_t b = 0; b < strips.weights.size(); ++b)
        EXPECT_MEASURED(test::relative_l2(strips.weights[b].values, matrices.weights[b].values),
                        GetParam().weights);
    EXPECT_MEASURED(test::relative_l2(strips.mean.values, matrices.mean.values), GetParam().weights);
}

TEST_P(Strips, PiecesChangeNothing) {
    const test::ShortTexts by_strips;
    for (const int micro_batch : {0, 7}) {
        const test::PassResults whole = results(micro_batch);
        const test::PassResults pieces = results(micro_batch, GetParam().budget);
        EXPECT_EQ(whole.pieces, 1U);
        EXPECT_GT(pieces.pieces, 2U);
        EXPECT_EQ(pieces.results, whole.results);
        EXPECT_EQ(test::max_difference(pieces.gradients, whole.gradients), 0.0);
    }
    std::size_t pieces = 0;
    EXPECT_EQ(attention(GetParam().budget / 2, &pieces).mean.values, attention().mean.values);
    EXPECT_GT(pieces, 1U);
}

TEST_P(Strips, KeepNoMatrix) {
    engine::Session session(model, {.tokens = static_cast<int>(ids.size()), .outputs = 1});
    replay::Replay replay(session, {.ids = ids, .outputs = {0}}, std::make_shared<tape::Arena>());
    const test::ShortTexts by_strips;
    const replay::Gradient gradient(replay.graph(), false);
    std::size_t joined = 0;
    for (const engine::JoinedAttention& attention : engine::find_long_attention(replay.graph())) {
        ++joined;
        for (const replay::RequiredValue& need : gradient.needs()) {
            for (const int node : attention.nodes) EXPECT_NE(need.key.root, node);
        }
    }
    EXPECT_EQ(joined, static_cast<std::size_t>(model.facts().blocks));
}

constexpr std::size_t larger = std::size_t{176} << 10U;

INSTANTIATE_TEST_SUITE_P(Families, Strips,
                         testing::Values(StripCase{"llama"}, StripCase{.name = "llamamha", .budget = larger},
                                         StripCase{"qwen2"}, StripCase{"qwen3", 4.2e-7}, StripCase{"mixtral"},
                                         StripCase{"gemma3", 1.2e-4, 1.2e-4, 4.9e-5},
                                         StripCase{"gpt2", 2.7e-6, 1.2e-6, 3e-7, larger}),
                         [](const auto& family) { return std::string(family.param.name); });

}  // namespace
}  // namespace llmx
