// The original toolbox's own output on a tiny llama without grouped queries (definitions section 1).

#include <gtest/gtest.h>

#include <llmx/llmx.hpp>

#include "support/compare.hpp"
#include "support/golden_file.hpp"

namespace llmx {
namespace {

class Original : public testing::Test {
protected:
    const std::string stem = std::string(LLMX_TEST_DATA) + "/llamamha-tiny";
    const test::GoldenFile reference{stem + ".reference.gguf"};
    const Model model = Model::load(stem + ".gguf");

    [[nodiscard]] Request request() const {
        Request request;
        request.input_ids = reference.ids("prompt_ids");
        const Tokens sequence = reference.ids("sequence_ids");
        request.output.ids.assign(sequence.begin() + static_cast<std::ptrdiff_t>(request.input_ids.size()),
                                  sequence.end());
        request.labels = reference.ids("label_ids");
        return request;
    }
};

TEST_F(Original, Attention) {
    const Explanation result = Explainer(model, {Method::attention}).compute(request());
    const AttentionResult& attention = *result.attention;
    EXPECT_LE(test::max_difference(attention.pair.attention, reference.floats("pair_attention")), 2e-5);
    EXPECT_LE(test::max_difference(attention.pair.attention_mean, reference.floats("pair_attention_mean")), 2e-5);
    EXPECT_LE(test::relative_l2(attention.median_raw.values, reference.floats("median_raw")), 1e-5);
    EXPECT_LE(test::relative_l2(attention.mean_group.values, reference.floats("mean_group")), 1e-5);
    EXPECT_FALSE(result.gradient.has_value());
}

TEST_F(Original, Gradient) {
    const Explanation result = Explainer(model, {Method::gradient}).compute(request());
    EXPECT_EQ(result.objective, Objective::aligned);
    // rounded to three decimals on both sides
    EXPECT_LE(test::max_difference(result.gradient->saliency_map, reference.floats("saliency_map")), 1.01e-3);
    EXPECT_LE(test::relative_l2(result.gradient->gradient.values, reference.floats("embedding_gradient")), 1e-5);
    EXPECT_FALSE(result.attention.has_value());
}

TEST_F(Original, GreedyGenerationGivesTheSameTokens) {
    const Request wanted = request();
    GenerateOptions options;
    options.max_new_tokens = static_cast<int>(wanted.output.ids.size());
    EXPECT_EQ(model.generate(wanted.input_ids, options).ids, wanted.output.ids);
}

TEST_F(Original, MethodsTogetherAreTheMethodsApart) {
    const Explanation both = Explainer(model, {Method::attention, Method::gradient}).compute(request());
    const Explanation attention = Explainer(model, {Method::attention}).compute(request());
    const Explanation gradient = Explainer(model, {Method::gradient}).compute(request());
    EXPECT_EQ(both.attention->mean_group.values, attention.attention->mean_group.values);
    EXPECT_EQ(both.gradient->gradient.values, gradient.gradient->gradient.values);
}

}  // namespace
}  // namespace llmx
