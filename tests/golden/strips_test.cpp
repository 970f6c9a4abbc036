// Attention strip by strip, as long texts have it: what short texts have by ggml's matrices.

#include <gtest/gtest.h>

#include <set>

#include "engine/pass/attention.hpp"
#include "replay/attention_sites.hpp"
#include "support/compare.hpp"
#include "support/measured.hpp"
#include "support/short_texts.hpp"
#include "support/tiny_text.hpp"

namespace llmx {
namespace {

/// Where ggml reads GELU from a float16 table, the last bit of its argument counts in the fourth digit.
struct StripCase {
    const char* name;
    double results = 4.2e-7, gradients = 7.6e-7, weights = 2.7e-7;
    std::size_t budget = std::size_t{96} << 10U;  ///< cuts the pass in more than two
};
void PrintTo(const StripCase& family, std::ostream* out) { *out << family.name; }

class Strips : public testing::TestWithParam<StripCase> {
protected:
    const test::TinyText text{GetParam().name};
};

TEST_P(Strips, GiveTheResultsAndGradientsOfMatrices) {
    const test::PassResults matrices = text.results();
    const test::ShortTexts by_strips;
    for (const int micro_batch : {0, 7}) {
        const test::PassResults strips = text.results(micro_batch);
        EXPECT_MEASURED(test::relative_l2(strips.results, matrices.results), GetParam().results)
            << micro_batch;
        EXPECT_MEASURED(test::relative_l2(strips.gradients, matrices.gradients), GetParam().gradients)
            << micro_batch;
    }
}

TEST_P(Strips, GiveTheWeightsOfMatrices) {
    const AttentionResult matrices = text.attention();
    const test::ShortTexts by_strips;
    const AttentionResult strips = text.attention();
    ASSERT_EQ(strips.weights.size(), matrices.weights.size());
    for (std::size_t b = 0; b < strips.weights.size(); ++b)
        EXPECT_MEASURED(test::relative_l2(strips.weights[b].values, matrices.weights[b].values),
                        GetParam().weights);
    EXPECT_MEASURED(test::relative_l2(strips.mean.values, matrices.mean.values), GetParam().weights);
}

TEST_P(Strips, PiecesChangeNothing) {
    const test::ShortTexts by_strips;
    for (const int micro_batch : {0, 7}) {
        const test::PassResults whole = text.results(micro_batch);
        const test::PassResults pieces = text.results(micro_batch, GetParam().budget);
        EXPECT_EQ(whole.pieces, 1U);
        EXPECT_GT(pieces.pieces, 2U);
        EXPECT_EQ(pieces.results, whole.results);
        EXPECT_EQ(test::max_difference(pieces.gradients, whole.gradients), 0.0);
    }
    std::size_t pieces = 0;
    EXPECT_EQ(text.attention(0, GetParam().budget / 2, &pieces).mean.values, text.attention().mean.values);
    EXPECT_GT(pieces, 1U);
}

/// Keeps the results of a pass, and the matrices of weights where it wants them.
class Onlooker : public engine::Watcher {
public:
    Onlooker(const engine::Graph& graph, bool wants_weights) {
        for (const replay::AttentionSite& site : replay::find_attention(graph)) {
            if (wants_weights) wanted_.insert(site.softmax);
        }
    }
    [[nodiscard]] bool wants(int node) const override { return wanted_.count(node) > 0; }
    void before(int /*node*/) override {}
    bool computed(int node) override {
        seen += wanted_.count(node);
        return true;
    }
    std::size_t seen = 0;

private:
    std::set<int> wanted_;
};

TEST_P(Strips, GiveTheSameBitsWhoeverWatches) {
    const test::ShortTexts by_strips;
    const engine::PassInput input = text.input();
    engine::Session session(text.model, {.tokens = static_cast<int>(input.ids.size()),
                                         .outputs = static_cast<int>(input.outputs.size())});
    const auto results = [&] {
        std::vector<float> all;
        for (int i = 0; i < static_cast<int>(input.outputs.size()); ++i) {
            const std::span<const float> row = session.result(i);
            all.insert(all.end(), row.begin(), row.end());
        }
        return all;
    };
    session.run(input);
    const std::vector<float> plain = results();
    for (const bool wants_weights : {false, true}) {
        const engine::Graph graph = session.plan(input);
        Onlooker onlooker(graph, wants_weights);
        session.run(input, graph, onlooker);
        EXPECT_EQ(onlooker.seen > 0, wants_weights);
        EXPECT_EQ(results(), plain) << wants_weights;
    }
    EXPECT_EQ(text.results().results, plain);
}

TEST_P(Strips, KeepNoMatrix) {
    engine::Session session(text.model, {.tokens = static_cast<int>(text.ids.size()), .outputs = 1});
    replay::Replay replay(session, {.ids = text.ids, .outputs = {0}}, std::make_shared<tape::Arena>());
    const test::ShortTexts by_strips;
    const replay::Gradient gradient(replay.graph(), false);
    std::size_t joined = 0;
    for (const engine::JoinedAttention& attention : engine::find_long_attention(replay.graph())) {
        ++joined;
        for (const replay::RequiredValue& need : gradient.needs()) {
            for (const int node : attention.inner) EXPECT_NE(need.key.root, node);
        }
    }
    EXPECT_EQ(joined, static_cast<std::size_t>(text.model.facts().blocks));
}

constexpr std::size_t larger = std::size_t{176} << 10U;

INSTANTIATE_TEST_SUITE_P(Families, Strips,
                         testing::Values(StripCase{"llama"}, StripCase{.name = "llamamha", .budget = larger},
                                         StripCase{"qwen2"}, StripCase{"qwen3"}, StripCase{"mixtral"},
                                         StripCase{"gemma3", 1.2e-4, 1.2e-4, 4.9e-5},
                                         StripCase{"gpt2", 9.5e-5, 2.9e-5, 1.4e-6, larger}),
                         [](const auto& family) { return std::string(family.param.name); });

}  // namespace
}  // namespace llmx
