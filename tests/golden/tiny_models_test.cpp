// Tiny models of six families against PyTorch in double (mixtral: float): logits, the gradient of each
// target's log-probability, attention weights. Bounds: a gradient cannot be closer than its forward pass.

#include <gtest/gtest.h>

#include <llmx/llmx.hpp>

#include "gemm/gemm.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "support/per_target.hpp"

namespace llmx {
namespace {

using test::per_target;
using test::PerTarget;
using test::prompt_size;
using test::rows_from;

struct TinyCase {
    const char* name;
    // relative L2 norms; input x gradient sums products that cancel
    double logits, log_probabilities, gradient, product, attention, hidden;
    const char* form = ".gguf";  // or "": the Hugging Face directory
};
void PrintTo(const TinyCase& family, std::ostream* out) { *out << family.name; }

class TinyModel : public testing::TestWithParam<TinyCase> {
protected:
    const std::string stem = test::data_file(GetParam().name, "-tiny");
    const test::GoldenFile golden{stem + ".golden.gguf"};
    const Model model = Model::load(stem + GetParam().form);
    const Tokens ids = golden.ids("ids");

    [[nodiscard]] Request request() const {
        Request request;
        request.input_ids.assign(ids.begin(), ids.begin() + prompt_size);
        request.output.ids.assign(ids.begin() + prompt_size, ids.end());
        return request;
    }
};

TEST_P(TinyModel, LogitsAndGradientsPerTarget) {
    const PerTarget ours = per_target(model, ids, 0, 2);
    const double logits = test::relative_l2(
        ours.logits,
        rows_from(golden.floats("logits"), ids.size(), prompt_size - 1, ids.size() - prompt_size));
    const double gradient = test::relative_l2(ours.gradients, golden.floats("grad_per_target"));
    std::cout << GetParam().name << ": logits " << logits << ", gradients per target " << gradient << '\n';
    EXPECT_MEASURED(logits, GetParam().logits);
    EXPECT_MEASURED(gradient, GetParam().gradient);
}

TEST_P(TinyModel, PiecesOfTheTapeChangeNothing) {
    const PerTarget whole = per_target(model, ids, 0, 2);
    const PerTarget pieces = per_target(model, ids, std::size_t{320} << 10, 2);
    EXPECT_EQ(whole.pieces, 1U);
    EXPECT_GT(pieces.pieces, 2U);
    EXPECT_EQ(test::max_difference(pieces.gradients, whole.gradients), 0.0);
}

TEST_P(TinyModel, SameBitsForTheSameThreads) {
    const PerTarget one = per_target(model, ids, 0, 2);
    const PerTarget two = per_target(model, ids, 0, 2);
    EXPECT_EQ(one.gradients, two.gradients);
}

TEST_P(TinyModel, BFloat16ProductsStayClose) {
    if (!gemm::has_bfloat16()) GTEST_SKIP() << "no bfloat16 products on this machine";
    const PerTarget exact = per_target(model, ids, 0, 2);
    const PerTarget rounded = per_target(model, ids, 0, 2, MatmulPrecision::bfloat16);
    const double error = test::relative_l2(rounded.gradients, exact.gradients);
    std::cout << GetParam().name << ": bfloat16 products differ by " << error << '\n';
    EXPECT_LE(error, 3e-2);  // eight bits of mantissa
    EXPECT_GT(error, 0.0);
}

TEST_P(TinyModel, ExplanationAgrees) {
    Explainer explainer(model, {"attention", "gradient", "saliency", "input_x_gradient"});
    Request asked = request();
    asked.target = {.each = true, .all_sources = true};
    asked.keep_attention = true;
    asked.all_attention_rows = true;
    asked.keep_hidden = true;
    asked.layer_names = {"attn_q", "attn_k", "attn_v"};
    if (std::string(GetParam().name) == "gpt2") asked.layer_names = {"c_attn", "c_attn", "c_attn"};
    const Explanation result = explainer.compute(asked);

    EXPECT_MEASURED(test::relative_l2(result.token_logprobs, golden.floats("target_logprobs")),
                    GetParam().log_probabilities);
    const auto total = rows_from(golden.floats("grad_total"), ids.size(), 0, prompt_size);
    EXPECT_MEASURED(test::relative_l2(result.original.gradient->gradient.values, total), GetParam().gradient);
    const auto embeddings = rows_from(golden.floats("input_embeddings"), ids.size(), 0, prompt_size);
    EXPECT_MEASURED(test::relative_l2(result.original.gradient->input_embeddings.values, embeddings), 6e-8);
    ASSERT_EQ(result.attributions.size(), 2U);
    EXPECT_MEASURED(
        test::relative_l2(result.attributions[0].scores.values, golden.floats("saliency_l2_per_target")),
        GetParam().gradient);
    EXPECT_MEASURED(
        test::relative_l2(result.attributions[1].scores.values, golden.floats("input_x_gradient_per_target")),
        GetParam().product);

    // golden hidden.0 is the embeddings, and its last one has the final norm behind it
    for (const HiddenState& state : result.hidden) {
        if (state.block + 1 == model.facts().blocks) continue;
        EXPECT_MEASURED(test::relative_l2(state.values.values,
                                          golden.floats("hidden." + std::to_string(state.block + 1))),
                        GetParam().hidden);
    }
    EXPECT_EQ(result.hidden.size(), static_cast<std::size_t>(model.facts().blocks));

    double worst = 0;
    const std::size_t rows = ids.size() - 1;  // the last token predicts nothing
    for (std::size_t b = 0; b < result.original.attention->blocks.size(); ++b) {
        const Tensor& ours = result.original.attention->weights[b];
        const auto truth = golden.floats("attention." + std::to_string(result.original.attention->blocks[b]));
        std::vector<float> kept;
        const std::size_t heads = static_cast<std::size_t>(ours.shape[0]);
        for (std::size_t h = 0; h < heads; ++h) {
            const auto head = rows_from(truth, heads * ids.size(), h * ids.size(), rows);
            kept.insert(kept.end(), head.begin(), head.end());
        }
        worst = std::max(worst, test::relative_l2(ours.values, kept));
    }
    std::cout << GetParam().name << ": attention " << worst << '\n';
    EXPECT_MEASURED(worst, GetParam().attention);
}

constexpr TinyCase exact(const char* name) { return {name, 4.1e-7, 8.2e-8, 8.4e-7, 2.5e-6, 3.2e-7, 4.2e-7}; }
constexpr TinyCase families[] = {
    exact("llama"),
    exact("llamamha"),
    exact("qwen2"),
    exact("qwen3"),
    exact("mixtral"),
    {"gemma3", 4.6e-4, 4.4e-5, 8e-4, 7.8e-4, 4e-4, 4.6e-4},
    {"gpt2", 3.6e-4, 2.8e-5, 2.4e-4, 1.6e-4, 1.3e-4, 3.6e-4},
};

std::vector<TinyCase> directories() {
    std::vector<TinyCase> all(std::begin(families), std::end(families));
    for (TinyCase& family : all) family.form = "";
    return all;
}

std::string name_of(const testing::TestParamInfo<TinyCase>& family) { return family.param.name; }

INSTANTIATE_TEST_SUITE_P(Families, TinyModel, testing::ValuesIn(families), name_of);
INSTANTIATE_TEST_SUITE_P(Directories, TinyModel, testing::ValuesIn(directories()), name_of);

}  // namespace
}  // namespace llmx
