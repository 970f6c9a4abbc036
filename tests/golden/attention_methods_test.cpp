// The attention family against plain double-precision implementations, from the attention that PyTorch gives.

#include <gtest/gtest.h>

#include <algorithm>
#include <llmx/llmx.hpp>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/gguf_edit.hpp"
#include "support/layered_attention.hpp"
#include "support/measured.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

using test::Matrix;
using test::prompt_size;

struct AttentionCase {
    const char* name;
    // relative L2 norms
    double weights = 7.5e-8, one_head = 2.4e-7, rollout = 7.1e-8, flow = 4.6e-8, gradient = 1.5e-7,
           value_norm = 8.2e-8, value_zeroing = 9.6e-7;
    double exact_gelu = 0;  // of value zeroing beside an exact GELU, where ggml has a table of float16
};
void PrintTo(const AttentionCase& family, std::ostream* out) { *out << family.name; }

std::vector<float> flat(const Matrix& matrix, std::size_t first, std::size_t count, std::size_t columns) {
    std::vector<float> all;
    for (std::size_t r = first; r < first + count; ++r)
        for (std::size_t c = 0; c < columns; ++c) all.push_back(static_cast<float>(matrix[r][c]));
    return all;
}

/// Of a decoder's golden file: every answer token a target, all tokens sources.
class AttentionMethods : public testing::TestWithParam<AttentionCase> {
protected:
    const std::string stem = test::data_file(GetParam().name, "-tiny");
    const test::GoldenFile golden{stem + ".golden.gguf"};
    const test::GoldenFile reference{test::data_file("attention.golden.gguf")};
    const Model model = Model::load(stem + ".gguf");
    const Tokens ids = golden.ids("ids");
    const std::size_t rows = ids.size();
    const std::size_t targets = rows - prompt_size;

    [[nodiscard]] Tensor scores(const Method& method, bool each = true, int micro_batch = 0) const {
        Request request;
        request.input_ids.assign(ids.begin(), ids.begin() + prompt_size);
        request.output.ids.assign(ids.begin() + prompt_size, ids.end());
        request.target = {.each = each, .all_sources = true};
        request.micro_batch = micro_batch;
        return Explainer(model, {method}).compute(request).attributions.at(0).scores;
    }
    [[nodiscard]] std::vector<Matrix> attention() const {
        std::vector<Matrix> layers;
        for (int b = 0; golden.has("attention." + std::to_string(b)); ++b)
            layers.push_back(
                test::mean_of_heads(golden.floats("attention." + std::to_string(b)), rows, rows, rows));
        return layers;
    }
    void expect_close(const Tensor& ours, const std::vector<float>& truth, const char* what,
                      double measured) const {
        ASSERT_EQ(ours.shape, (std::vector<std::int64_t>{static_cast<std::int64_t>(targets),
                                                         static_cast<std::int64_t>(rows)}));
        const double error = test::relative_l2(ours.values, truth);
        std::cout << GetParam().name << ": " << what << ' ' << error << '\n';
        EXPECT_MEASURED(error, measured);
    }
};

TEST_P(AttentionMethods, WeightsAreTheMeanOverHeadsThenBlocks) {
    const std::vector<Matrix> layers = attention();
    Matrix mean(rows, std::vector<double>(rows, 0.0));
    for (const Matrix& layer : layers)
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < rows; ++j)
                mean[i][j] += layer[i][j] / static_cast<double>(layers.size());
    expect_close(scores("attention_weights"), flat(mean, prompt_size - 1, targets, rows), "weights",
                 GetParam().weights);
}

TEST_P(AttentionMethods, WeightsOfOneBlockAndHead) {
    const auto all = golden.floats("attention.1");
    const std::vector<float> head(all.begin() + static_cast<std::ptrdiff_t>(rows * rows),
                                  all.begin() + static_cast<std::ptrdiff_t>(2 * rows * rows));
    expect_close(scores({"attention_weights", {{"layer", "1"}, {"head", "1"}}}),
                 flat(test::mean_of_heads(head, rows, rows, rows), prompt_size - 1, targets, rows),
                 "one head", GetParam().one_head);
}

TEST_P(AttentionMethods, Rollout) {
    std::vector<Matrix> layers;
    for (const Matrix& layer : attention()) layers.push_back(test::with_residual(layer));
    const auto truth = flat(test::rollout(layers), prompt_size - 1, targets, rows);
    expect_close(scores("attention_rollout"), truth, "rollout", GetParam().rollout);
    expect_close(scores("attention_rollout", true, 7), truth, "rollout in micro-batches", GetParam().rollout);
}

TEST_P(AttentionMethods, Flow) {
    std::vector<Matrix> layers;
    for (const Matrix& layer : attention()) layers.push_back(test::with_residual(layer));
    Matrix flows;
    for (std::size_t from : {std::size_t{prompt_size - 1}, rows - 2}) {
        std::vector<double>& of_row = flows.emplace_back();
        for (std::size_t to = 0; to < rows; ++to) of_row.push_back(test::maximum_flow(layers, from, to));
    }
    const Tensor all = scores("attention_flow");
    const std::size_t last = targets - 1;
    std::vector<float> ours(all.row(0).begin(), all.row(0).end());
    ours.insert(ours.end(), all.row(last).begin(), all.row(last).end());
    const double error = test::relative_l2(ours, flat(flows, 0, 2, rows));
    std::cout << GetParam().name << ": flow " << error << '\n';
    EXPECT_MEASURED(error, GetParam().flow);
}

TEST_P(AttentionMethods, TheWholeAnswerIsTheMeanOfItsTokens) {
    for (const char* method : {"attention_weights", "attention_rollout", "attention_flow", "value_zeroing"}) {
        const Tensor each = scores(method);
        const Tensor whole = scores(method, false);
        std::vector<float> mean(rows, 0.0F);
        for (std::size_t t = 0; t < targets; ++t)
            for (std::size_t k = 0; k < rows; ++k) mean[k] += each.row(t)[k] / static_cast<float>(targets);
        EXPECT_MEASURED(test::relative_l2(whole.values, mean), 9.1e-8) << method;
    }
}

TEST_P(AttentionMethods, TimesGradient) {
    const auto truth = reference.floats(GetParam().name + std::string(".attention_x_gradient"));
    // The reference's rows are normalised; the paper's form is checked in attention_double_test.cpp.
    const Method method{"attention_x_gradient", {{"propagation", "normalised"}}};
    expect_close(scores(method), truth, "times gradient", GetParam().gradient);
    expect_close(scores(method, true, 7), truth, "times gradient in micro-batches", GetParam().gradient);
}

TEST_P(AttentionMethods, ValueNorm) {
    expect_close(scores("value_norm"), reference.floats(GetParam().name + std::string(".value_norm")),
                 "value norm", GetParam().value_norm);
}

TEST(AttentionMeasure, ChangesNothingAndIsSaid) {
    const Model model = Model::load(test::data_file("llama", "-tiny.gguf"));
    const auto run = [&](Measure measure) {
        Request request{.input_ids = {1, 5, 9, 2}, .output = {.ids = {7, 3}}};
        request.target.measure = measure;
        const std::vector<Method> methods = {"attention_weights", "attention_rollout",
                                             "attention_flow",    "value_norm",
                                             "value_zeroing",     "attention_x_gradient"};
        return Explainer(model, methods).compute(request);
    };
    const Explanation usual = run(Measure::logprob);
    const Explanation other = run(Measure::entropy);
    for (std::size_t i = 0; i < usual.attributions.size(); ++i) {
        const std::string name = usual.attributions[i].method;
        const auto warns = [&](const Explanation& of) {
            return std::any_of(of.warnings.begin(), of.warnings.end(), [&](const std::string& warning) {
                return warning.starts_with(name + ": shows what the targets' rows attend to");
            });
        };
        EXPECT_FALSE(warns(usual)) << name;
        EXPECT_EQ(warns(other), usual.attributions[i].scores.values == other.attributions[i].scores.values)
            << name;
    }
}

/// A file may keep a factor of W_O as a tensor of its own.
TEST(ValueNorm, TakesTheScaleOfTheProjection) {
    const test::TemporaryDirectory place;
    test::GgufEdit factor(test::data_file("llama", "-tiny.gguf"));
    test::GgufEdit product(test::data_file("llama", "-tiny.gguf"));
    factor.set("blk.1.attn_output.scale", {1}, {0.25F});
    std::vector<float> weights = product.floats("blk.1.attn_output.weight");
    for (float& weight : weights) weight *= 0.25F;
    product.set("blk.1.attn_output.weight", product.at("blk.1.attn_output.weight").shape, weights);
    std::vector<std::vector<float>> scores;
    for (test::GgufEdit* file : {&factor, &product}) {
        const auto path = place / std::to_string(scores.size());
        file->write(path);
        const Request request{.input_ids = {1, 5, 9, 2}, .output = {.ids = {7, 3}}};
        const Explanation found = Explainer(Model::load(path), {"value_norm"}).compute(request);
        scores.push_back(found.attributions.at(0).scores.values);
    }
    EXPECT_MEASURED(test::relative_l2(scores[0], scores[1]), 6e-8);
}

TEST_P(AttentionMethods, ValueZeroing) {
    const std::string exact = GetParam().name + std::string(".value_zeroing");
    const std::string name = exact + (GetParam().exact_gelu > 0 ? ".table" : "");
    const auto truth = reference.floats(name);
    expect_close(scores("value_zeroing"), truth, "value zeroing", GetParam().value_zeroing);
    expect_close(scores("value_zeroing", true, 7), truth, "value zeroing in micro-batches",
                 GetParam().value_zeroing);
    expect_close(scores({"value_zeroing", {{"layer", "1"}}}), reference.floats(name + ".1"),
                 "value zeroing of one block", GetParam().value_zeroing);
    if (GetParam().exact_gelu > 0)
        expect_close(scores("value_zeroing"), reference.floats(exact), "beside exact GELU",
                     GetParam().exact_gelu);
}

// GELU from a table; value zeroing beside such a table, of which float32 reads another entry for some values
constexpr AttentionCase gemma3{"gemma3", 6.6e-5, 2.3e-4, 3.8e-5, 1.1e-5, 1.1e-4, 6.6e-5, 2.7e-5, 1.2e-4};
constexpr AttentionCase gpt2{"gpt2", 4.7e-5, 1.4e-4, 2.2e-5, 1.1e-5, 2.7e-5, 5.6e-5, 2.6e-4, 3.1e-4};

INSTANTIATE_TEST_SUITE_P(Tiny, AttentionMethods,
                         testing::Values(AttentionCase{"llama"}, AttentionCase{"llamamha"},
                                         AttentionCase{"qwen2"}, AttentionCase{"mixtral"}, gemma3, gpt2),
                         [](const auto& family) { return std::string(family.param.name); });

}  // namespace
}  // namespace llmx
