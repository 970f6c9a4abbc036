// Which products the reverse pass runs by default, and what rounding them changes.

#include <gtest/gtest.h>

#include <llmx/llmx.hpp>

#include "core/rank_correlation.hpp"
#include "gemm/gemm.hpp"
#include "support/data.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

class Products : public testing::Test {
protected:
    const test::GoldenFile golden{test::data_file("llama-tiny.golden.gguf")};
    const test::TemporaryDirectory dir;

    [[nodiscard]] Explanation saliency(const Model& model, MatmulPrecision precision) const {
        const Tokens ids = golden.ids("ids");
        Request request;
        request.input_ids.assign(ids.begin(), ids.begin() + 18);
        request.output.ids.assign(ids.begin() + 18, ids.end());
        request.matmul_precision = precision;
        return Explainer(model, {{"saliency", {}}}).compute(request);
    }
    [[nodiscard]] Model quantised() const {
        quantize(test::data_file("llama-tiny.gguf"), dir / "q8.gguf", "Q8_0");
        return Model::load(dir / "q8.gguf");
    }
};

TEST_F(Products, FloatFilesAreMultipliedAsFloat32) {
    const Model model = Model::load(test::data_file("llama-tiny.gguf"));
    const Explanation chosen = saliency(model, MatmulPrecision::automatic);
    const Explanation exact = saliency(model, MatmulPrecision::float32);
    EXPECT_EQ(chosen.products, "float32");
    EXPECT_EQ(chosen.attributions[0].scores.values, exact.attributions[0].scores.values);
}

TEST_F(Products, QuantisedFilesAsBfloat16WhereTheProcessorDoes) {
    const Model model = quantised();
    const Explanation chosen = saliency(model, MatmulPrecision::automatic);
    const bool rounds = gemm::multiplies_bfloat16();
    EXPECT_EQ(chosen.products, rounds ? "bfloat16" : "float32");
    const Explanation same = saliency(model, rounds ? MatmulPrecision::bfloat16 : MatmulPrecision::float32);
    EXPECT_EQ(chosen.attributions[0].scores.values, same.attributions[0].scores.values);
}

TEST_F(Products, Bfloat16KeepsTheRanking) {
    if (!gemm::has_bfloat16()) GTEST_SKIP() << "no bfloat16 products on this machine";
    const Model model = quantised();
    const Explanation exact = saliency(model, MatmulPrecision::float32);
    const Explanation rounded = saliency(model, MatmulPrecision::bfloat16);
    EXPECT_EQ(rounded.products, "bfloat16");
    const std::vector<float>& x = exact.attributions[0].scores.values;
    const std::vector<float>& y = rounded.attributions[0].scores.values;
    EXPECT_NE(x, y);
    const std::vector<double> a(x.begin(), x.end()), b(y.begin(), y.end());
    EXPECT_GE(spearman(a, b).value(), 0.99);
}

}  // namespace
}  // namespace llmx
