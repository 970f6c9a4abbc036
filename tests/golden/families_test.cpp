// Hugging Face directories of further families against PyTorch in double, and their tokenizers.
// A gradient cannot be closer than its forward pass: GELU is read from a table of float16, and products
// with float16 or bfloat16 weights round their other side, too ("rounded": PyTorch with that rounding).

#include <gtest/gtest.h>

#include <fstream>
#include <llmx/llmx.hpp>
#include <nlohmann/json.hpp>

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

struct FamilyCase {
    const char* name;
    // relative L2 norms
    double logits = 7.7e-7, gradient = 2.9e-6, attention = 7.9e-7, hidden = 4.7e-7;
    const char* golden = "";  // which of its golden files

    [[nodiscard]] std::string label() const { return std::string(name) + golden; }
};
void PrintTo(const FamilyCase& family, std::ostream* out) { *out << family.label(); }

class DecoderFamily : public testing::TestWithParam<FamilyCase> {
protected:
    const std::string directory = test::data_file(GetParam().name, "-tiny");
    const test::GoldenFile golden{directory + (*GetParam().golden == 0 ? "" : ".") + GetParam().golden +
                                  ".golden.gguf"};
    const Model model = Model::load(directory);
    const Tokens ids = golden.ids("ids");
};

TEST_P(DecoderFamily, LogitsAndGradients) {
    const PerTarget ours = per_target(model, ids, 0, 2);
    const double logits = test::relative_l2(
        ours.logits,
        rows_from(golden.floats("logits"), ids.size(), prompt_size - 1, ids.size() - prompt_size));
    const double gradient = test::relative_l2(ours.gradients, golden.floats("grad_per_target"));
    std::cout << GetParam().label() << ": logits " << logits << ", gradients per target " << gradient << '\n';
    EXPECT_MEASURED(logits, GetParam().logits);
    EXPECT_MEASURED(gradient, GetParam().gradient);
}

TEST_P(DecoderFamily, AttentionAndHiddenStates) {
    Explainer explainer(model, {"attention", "gradient"});
    Request asked;
    asked.input_ids.assign(ids.begin(), ids.begin() + prompt_size);
    asked.output.ids.assign(ids.begin() + prompt_size, ids.end());
    asked.keep_attention = asked.all_attention_rows = asked.keep_hidden = true;
    const Explanation result = explainer.compute(asked);
    const auto embeddings = rows_from(golden.floats("input_embeddings"), ids.size(), 0, prompt_size);
    EXPECT_MEASURED(test::relative_l2(result.original.gradient->input_embeddings.values, embeddings), 6e-8);

    double worst = 0;
    ASSERT_EQ(result.original.attention->blocks.size(), static_cast<std::size_t>(model.facts().blocks));
    for (std::size_t b = 0; b < result.original.attention->blocks.size(); ++b) {
        const Tensor& ours = result.original.attention->weights[b];
        const auto truth = golden.floats("attention." + std::to_string(result.original.attention->blocks[b]));
        const auto heads = static_cast<std::size_t>(ours.shape[0]);
        std::vector<float> kept;  // the last token predicts nothing
        for (std::size_t h = 0; h < heads; ++h) {
            const auto rows = rows_from(truth, heads * ids.size(), h * ids.size(), ids.size() - 1);
            kept.insert(kept.end(), rows.begin(), rows.end());
        }
        worst = std::max(worst, test::relative_l2(ours.values, kept));
    }
    std::cout << GetParam().label() << ": attention " << worst << '\n';
    EXPECT_MEASURED(worst, GetParam().attention);

    ASSERT_EQ(result.hidden.size(), static_cast<std::size_t>(model.facts().blocks));
    for (const HiddenState& state : result.hidden) {
        if (state.block + 1 == model.facts().blocks) continue;  // golden: with the final norm
        const auto truth = golden.floats("hidden." + std::to_string(state.block + 1));
        EXPECT_MEASURED(test::relative_l2(state.values.values, truth), GetParam().hidden) << state.block;
    }
}

constexpr FamilyCase gelu(const char* name) { return {name, 3.8e-4, 9.2e-4, 4.4e-4, 2.4e-4}; }

INSTANTIATE_TEST_SUITE_P(Families, DecoderFamily,
                         testing::Values(FamilyCase{"smollm3"}, FamilyCase{"olmo2"}, FamilyCase{"stablelm"},
                                         FamilyCase{"stablelmpar"}, FamilyCase{"granite"}, gelu("gptneox"),
                                         gelu("gptneoxseq"), gelu("falcon"), gelu("falconnew"),
                                         FamilyCase{"qwen3moe"}, FamilyCase{"mistral"}, FamilyCase{"phi3"},
                                         FamilyCase{"gemma2", 9.2e-5, 1.5e-4, 7.8e-5, 6.6e-5},
                                         FamilyCase{"llamaf16", 1.3e-3, 2.8e-3, 1.2e-3, 6.5e-4},
                                         FamilyCase{"llamabf16", 1.1e-2, 2.8e-2, 1.1e-2, 5.7e-3},
                                         FamilyCase{"llamaf16", 9.7e-6, 2.4e-5, 1.9e-7, 2.9e-7, "rounded"},
                                         FamilyCase{"llamabf16", 6e-8, 5.2e-7, 1.6e-7, 6e-8, "rounded"}),
                         [](const auto& family) { return family.param.label(); });

class FamilyTokens : public testing::TestWithParam<const char*> {};

TEST_P(FamilyTokens, AreHuggingFaces) {
    const std::string directory = test::data_file(GetParam(), "-tiny");
    const Model model = Model::load(directory);
    std::ifstream file(directory + "/tokenization.json");
    const nlohmann::json rows = nlohmann::json::parse(file).at("rows");
    ASSERT_EQ(rows.size(), 10U);
    for (const auto& row : rows) {
        const std::string text = row.at("text");
        const Tokens ids = row.at("ids"), with_special = row.at("ids_with_special");
        EXPECT_EQ(model.tokenize(text, false, /*parse_special=*/true), ids) << text;
        EXPECT_EQ(model.tokenize(text, true, true), with_special) << text;
        std::string ours = model.detokenize(ids), truth = row.at("decoded");
        if (std::string(GetParam()) == "distilbertqa") {  // llama.cpp sets other spaces between word pieces
            std::erase(ours, ' ');
            std::erase(truth, ' ');
        }
        EXPECT_EQ(ours, truth) << text;
    }
}

INSTANTIATE_TEST_SUITE_P(Families, FamilyTokens,
                         testing::Values("smollm3", "olmo2", "stablelm", "stablelmpar", "granite", "gptneox",
                                         "gptneoxseq", "falcon", "falconnew", "qwen3moe", "mistral", "phi3",
                                         "gemma2", "robertaqa", "distilbertqa", "t5gated", "llamaf16",
                                         "llamabf16"),
                         [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace llmx
