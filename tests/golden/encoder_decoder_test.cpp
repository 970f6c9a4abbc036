// T5 against PyTorch in double: logits, gradients at the source's and at the text's embeddings. "t5" has tied
// embeddings and ReLU; "t5gated" (v1.1) a head of its own, no scale before it, and gated GELU.

#include <gtest/gtest.h>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "support/pass_results.hpp"

namespace llmx {
namespace {

struct T5Case {
    const char* name;
    const char* model;
    const char* golden;
    double logits, gradients, attention;  // relative L2 norms
};
void PrintTo(const T5Case& source, std::ostream* out) { *out << source.name; }

class TinyT5 : public testing::TestWithParam<T5Case> {
protected:
    const test::GoldenFile golden{test::data_file(GetParam().golden)};
    const Model model = Model::load(test::data_file(GetParam().model));
    const Tokens source = golden.ids("encoder_ids");
    const Tokens text = golden.ids("decoder_ids");
    const Tokens targets = golden.ids("target_ids");

    [[nodiscard]] engine::PassInput input() const {
        engine::PassInput all{.source = source, .ids = text};
        for (std::size_t p = 0; p < text.size(); ++p) all.outputs.push_back(static_cast<int>(p));
        return all;
    }

    [[nodiscard]] test::PassResults results(int micro_batch = 0, std::size_t budget = 0) const {
        return test::per_term(model, input(), objective::terms(Objective::generated, targets, {}),
                              micro_batch, budget);
    }

    /// [targets, rows, embedding]: the golden file has the source's and the text's rows apart.
    [[nodiscard]] std::vector<float> true_gradients() const {
        const auto of_source = golden.floats("grad_encoder_per_target");
        const auto of_text = golden.floats("grad_decoder_per_target");
        const auto a = static_cast<std::ptrdiff_t>(of_source.size() / targets.size());
        const auto b = static_cast<std::ptrdiff_t>(of_text.size() / targets.size());
        std::vector<float> all;
        for (std::ptrdiff_t t = 0; t < static_cast<std::ptrdiff_t>(targets.size()); ++t) {
            all.insert(all.end(), of_source.begin() + t * a, of_source.begin() + (t + 1) * a);
            all.insert(all.end(), of_text.begin() + t * b, of_text.begin() + (t + 1) * b);
        }
        return all;
    }
};

TEST_P(TinyT5, LogitsAndGradientsPerTarget) {
    EXPECT_EQ(engine::decoder_start_token(model), text.front());
    const test::PassResults ours = results();
    EXPECT_EQ(ours.passes, 2U);
    const double logits = test::relative_l2(ours.results, golden.floats("logits"));
    const double gradients = test::relative_l2(ours.gradients, true_gradients());
    std::cout << GetParam().name << ": logits " << logits << ", gradients per target " << gradients << '\n';
    EXPECT_MEASURED(logits, GetParam().logits);
    EXPECT_MEASURED(gradients, GetParam().gradients);
}

TEST_P(TinyT5, ThreeAttentions) {
    const engine::PassInput asked = input();
    const auto rows = static_cast<int>(text.size());
    const auto keys = static_cast<int>(source.size());
    struct Kind {
        const char* name;
        replay::AttentionKind kind;
        int prompt, answer;
    };
    for (const Kind& k : {Kind{"encoder", replay::AttentionKind::encoder, keys, 0},
                          Kind{"decoder", replay::AttentionKind::self, 1, rows - 1},
                          Kind{"cross", replay::AttentionKind::cross, keys, rows}}) {
        for (const int micro_batch : {0, 3}) {
            const AttentionResult ours =
                test::attention(model, asked, k.kind, k.prompt, k.answer, micro_batch);
            ASSERT_EQ(ours.weights.size(), static_cast<std::size_t>(model.facts().blocks));
            double worst = 0;
            for (std::size_t b = 0; b < ours.weights.size(); ++b) {
                const auto truth = golden.floats(std::string(k.name) + "_attention." + std::to_string(b));
                // the decoder's last token predicts nothing: its row is left out
                const auto heads = static_cast<std::size_t>(ours.weights[b].shape[0]);
                const auto kept =
                    static_cast<std::size_t>(ours.weights[b].shape[1] * ours.weights[b].shape[2]);
                std::vector<float> same;
                for (std::size_t h = 0; h < heads; ++h) {
                    const auto from = truth.begin() + static_cast<std::ptrdiff_t>(h * truth.size() / heads);
                    same.insert(same.end(), from, from + static_cast<std::ptrdiff_t>(kept));
                }
                worst = std::max(worst, test::relative_l2(ours.weights[b].values, same));
            }
            std::cout << GetParam().name << ": " << k.name << " attention " << worst << '\n';
            EXPECT_MEASURED(worst, GetParam().attention);
            EXPECT_EQ(ours.pair.attention.size(),
                      k.kind == replay::AttentionKind::cross ? source.size() : 0U);
        }
    }
}

/// Definitions 1.2 for cross attention: rows of the decoder's queries against the source's keys.
TEST_P(TinyT5, CrossScoresAreMinMaxOfTheLogarithms) {
    const AttentionResult ours =
        test::attention(model, input(), replay::AttentionKind::cross, static_cast<int>(source.size()),
                        static_cast<int>(text.size()));
    // softmax over all keys without bias: the scores are the logarithms of the weights, but for a constant
    const Tensor& weights = ours.weights[1];
    const auto row_at = [&](std::int64_t h, std::int64_t q) {
        std::vector<float> row;
        for (std::int64_t k = 0; k < weights.shape[2]; ++k) {
            const auto at = static_cast<std::size_t>((h * weights.shape[1] + q) * weights.shape[2] + k);
            row.push_back(std::log(weights.values[at]));
        }
        const auto [low, high] = std::minmax_element(row.begin(), row.end());
        const float from = *low, to = *high;
        for (float& x : row) x = (x - from) / (to - from);
        return row;
    };
    const auto blocks = ours.median_raw.shape[1], heads = ours.median_raw.shape[2];
    for (std::int64_t q = 0; q < weights.shape[1]; ++q) {
        for (std::int64_t h = 0; h < heads; ++h) {
            const std::vector<float> truth = row_at(h, q);
            const auto at = ours.median_raw.values.begin() +
                            ((q * blocks + 1) * heads + h) * static_cast<std::int64_t>(truth.size());
            const std::vector<float> raw(at, at + static_cast<std::ptrdiff_t>(truth.size()));
            EXPECT_MEASURED(test::max_difference(raw, truth), 2.4e-7);
        }
    }
}

TEST_P(TinyT5, MicroBatchesAndPiecesOfTheText) {
    const test::PassResults one = results();
    const test::PassResults several = results(2);
    EXPECT_EQ(several.passes, 1 + (text.size() + 1) / 2);
    EXPECT_MEASURED(test::relative_l2(several.results, one.results), 6e-8);
    EXPECT_MEASURED(test::relative_l2(several.gradients, one.gradients), 8.2e-7);
    const test::PassResults pieces = results(2, std::size_t{128} << 10);
    EXPECT_GT(pieces.pieces, 2U);
    EXPECT_EQ(test::max_difference(pieces.gradients, several.gradients), 0.0);
}

INSTANTIATE_TEST_SUITE_P(
    Sources, TinyT5,
    testing::Values(T5Case{"gguf", "t5-tiny.gguf", "t5-tiny.golden.gguf", 1.1e-5, 3.9e-5, 3.7e-5},
                    T5Case{"directory", "t5-tiny", "t5-tiny.golden.gguf", 1.1e-5, 3.9e-5, 3.7e-5},
                    T5Case{"gated_directory", "t5gated-tiny", "t5gated-tiny.golden.gguf", 6.2e-4, 2.1e-3,
                           7.1e-4}),
    [](const auto& source) { return std::string(source.param.name); });

}  // namespace
}  // namespace llmx
