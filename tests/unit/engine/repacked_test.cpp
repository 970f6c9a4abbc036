// Weights that llama.cpp re-orders: the passes run on its copy, everything else reads the file.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <llmx/llmx.hpp>

#include "engine/pass/pass.hpp"
#include "engine/servers/remote.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "support/pass_results.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

class Repacked : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override { quantize(test::data_file("llama-tiny.gguf"), file, GetParam()); }

    const test::TemporaryDirectory dir;
    const std::filesystem::path file = dir / "coarse.gguf";
    const Tokens ids = test::GoldenFile(test::data_file("llama-tiny.golden.gguf")).ids("ids");

    [[nodiscard]] engine::Graph graph(const Model& model) const {
        engine::Session session(model, {.tokens = 4, .outputs = 1});
        return session.plan({.ids = {5, 6, 7, 8}, .outputs = {3}});
    }
    /// Of the answer's log-probabilities, with what the pass gives.
    [[nodiscard]] test::PassResults gradients(const Model& model) const {
        engine::PassInput input{.ids = ids};
        for (int p = 17; p + 1 < static_cast<int>(ids.size()); ++p) input.outputs.push_back(p);
        const Tokens answer(ids.begin() + 18, ids.end());
        return test::per_term(model, input, objective::terms(Objective::generated, answer, {}));
    }
    static double error(const std::vector<float>& a, const std::vector<float>& b) {
        double difference = 0, norm = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            difference += std::pow(static_cast<double>(a[i]) - b[i], 2);
            norm += std::pow(static_cast<double>(b[i]), 2);
        }
        return std::sqrt(difference / norm);
    }
};

TEST_P(Repacked, WeightsAreReadAsTheFileHasThem) {
    const Model repacked = Model::load(file);
    const Model plain = Model::load(file, {.no_repack = true});
    const engine::Graph a = graph(repacked), b = graph(plain);
    ASSERT_EQ(a.tensors.size(), b.tensors.size());
    int reordered = 0;
    for (std::size_t i = 0; i < a.tensors.size(); ++i) {
        const engine::TensorInfo& weight = a.tensors[i];
        if (weight.role != engine::TensorRole::weight || !weight.is_root()) continue;
        reordered += engine::is_remote(static_cast<const ggml_tensor*>(weight.handle)) ? 1 : 0;
        EXPECT_FALSE(engine::is_remote(static_cast<const ggml_tensor*>(b.tensors[i].handle)));
        const std::int64_t rows = weight.elements() / weight.shape[3];
        std::vector<float> x(static_cast<std::size_t>(weight.elements())), y = x;
        engine::dequantize_rows(weight, 0, rows, x.data());
        engine::dequantize_rows(b.tensors[i], 0, rows, y.data());
        EXPECT_EQ(x, y) << weight.name;
    }
    EXPECT_GT(reordered, 0) << "llama.cpp re-orders none of this type here";
}

TEST_P(Repacked, SameNumbersUpToRounding) {
    const test::PassResults repacked = gradients(Model::load(file));
    const test::PassResults plain = gradients(Model::load(file, {.no_repack = true}));
    EXPECT_MEASURED(error(repacked.results, plain.results), 3.8e-7);
    EXPECT_MEASURED(error(repacked.gradients, plain.gradients), 3.8e-7);
}

/// Speculative decoding reads drafts several tokens at a time.
TEST_P(Repacked, OneRowOrSeveralGiveTheSameBits) {
    const Model model = Model::load(file);
    const Tokens prompt(ids.begin(), ids.begin() + 18);
    const Generation plain = model.generate(prompt, {.max_new_tokens = 40, .keep_logits = true});
    for (const int k : {1, 4, 7, 16}) {
        const Generation drafted = model.generate(
            prompt, {.max_new_tokens = 40, .assistant = &model, .draft_tokens = k, .keep_logits = true});
        EXPECT_EQ(drafted.ids, plain.ids);
        EXPECT_EQ(drafted.logits.values, plain.logits.values) << "not to the bit";
    }
}

INSTANTIATE_TEST_SUITE_P(Types, Repacked, testing::Values("Q4_0", "IQ4_NL"),
                         [](const auto& named) { return std::string(named.param); });

}  // namespace
}  // namespace llmx
