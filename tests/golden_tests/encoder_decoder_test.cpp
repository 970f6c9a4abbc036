// T5 with tied embeddings against PyTorch in double: logits, gradients at the source's and at the text's
// embeddings.

#include <gtest/gtest.h>

#include "support/compare.hpp"
#include "support/golden_file.hpp"
#include "support/pass_results.hpp"

namespace llmx {
namespace {

class TinyT5 : public testing::Test {
protected:
    const std::string stem = std::string(LLMX_TEST_DATA) + "/t5-tiny";
    const test::GoldenFile golden{stem + ".golden.gguf"};
    const Model model = Model::load(stem + ".gguf");
    const Tokens source = golden.ids("encoder_ids");
    const Tokens text = golden.ids("decoder_ids");
    const Tokens targets = golden.ids("target_ids");

    [[nodiscard]] test::PassResults results(int micro_batch = 0, std::size_t budget = 0) const {
        engine::PassInput input{.source = source, .ids = text};
        for (std::size_t p = 0; p < text.size(); ++p) input.outputs.push_back(static_cast<int>(p));
        return test::per_term(model, input, objective::terms(Objective::generated, targets, {}), micro_batch,
                              budget);
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

TEST_F(TinyT5, LogitsAndGradientsPerTarget) {
    EXPECT_EQ(engine::decoder_start_token(model), text.front());
    const test::PassResults ours = results();
    EXPECT_EQ(ours.passes, 2U);
    const double logits = test::relative_l2(ours.results, golden.floats("logits"));
    const double gradients = test::relative_l2(ours.gradients, true_gradients());
    std::cout << "t5: logits " << logits << ", gradients per target " << gradients << '\n';
    EXPECT_LE(logits, 1e-4);
    EXPECT_LE(gradients, 1e-3);
}

TEST_F(TinyT5, MicroBatchesAndPiecesOfTheText) {
    const test::PassResults one = results();
    const test::PassResults several = results(2);
    EXPECT_EQ(several.passes, 1 + (text.size() + 1) / 2);
    EXPECT_LE(test::relative_l2(several.results, one.results), 1e-5);
    EXPECT_LE(test::relative_l2(several.gradients, one.gradients), 1e-4);
    const test::PassResults pieces = results(2, std::size_t{128} << 10);
    EXPECT_GT(pieces.pieces, 2U);
    EXPECT_EQ(test::max_difference(pieces.gradients, several.gradients), 0.0);
}

}  // namespace
}  // namespace llmx
