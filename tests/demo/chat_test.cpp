// The demo model's chatbot example against the original toolbox and PyTorch: the numbers of the main job.

#include <gtest/gtest.h>

#include <iostream>
#include <llmx/llmx.hpp>

#include "demo/chat.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

using test::chat_request;
using test::float32_file;
using test::original_request;

void report(const char* what, double value) { std::cout << "  " << what << ": " << value << '\n'; }

class Chat : public testing::Test {
protected:
    const test::GoldenFile reference{test::data_file("smollm2-chat.reference.gguf")};
    const test::GoldenFile torch{test::data_file("smollm2-chat.torch.gguf")};
};

TEST_F(Chat, Float32AgreesWithTheOriginal) {
    const Model model = Model::load(float32_file());
    const Explanation result =
        Explainer(model, {"attention", "gradient"}).compute(original_request(reference));
    const GradientResult& gradient = *result.original.gradient;
    const double saliency = test::max_difference(gradient.saliency_map, reference.floats("saliency_map"));
    const double embedding =
        test::relative_l2(gradient.gradient.values, reference.floats("embedding_gradient"));
    const double block = test::max_difference(gradient.block_gradient_x_input.values,
                                              reference.floats("block_gradient_x_input"));
    const double group =
        test::max_difference(result.original.attention->mean_group.values, reference.floats("mean_group"));
    report("saliency_map, max difference", saliency);
    report("embedding_gradient, relative L2", embedding);
    report("block_gradient_x_input, max difference", block);
    report("mean_group, max difference", group);
    EXPECT_LE(saliency, 1.001e-3);  // rounded to three decimals on both sides
    EXPECT_MEASURED(embedding, 2.1e-5);
    EXPECT_MEASURED(block, 1.1e-3);
    EXPECT_MEASURED(group, 1.1e-6);
}

TEST_F(Chat, Float32AgreesWithPyTorch) {
    const Model model = Model::load(float32_file());
    Request request = chat_request(reference);
    request.labels.clear();
    request.target = {.each = true, .all_sources = true};
    request.keep_attention = true;
    const Explanation result =
        Explainer(model, {"attention", "saliency", "input_x_gradient"}).compute(request);
    EXPECT_EQ(result.objective, Objective::generated);
    const double logprobs = test::relative_l2(result.token_logprobs, torch.floats("target_logprobs"));
    const double saliency =
        test::relative_l2(result.attributions.at(0).scores.values, torch.floats("saliency_l2_per_target"));
    const double product = test::relative_l2(result.attributions.at(1).scores.values,
                                             torch.floats("input_x_gradient_per_target"));
    const double mean =
        test::relative_l2(result.original.attention->mean.values, torch.floats("attention_mean"));
    const double first = test::relative_l2(result.original.attention->weights.front().values,
                                           torch.floats("attention_layer0"));
    const double last = test::relative_l2(result.original.attention->weights.back().values,
                                          torch.floats("attention_last_layer"));
    report("target_logprobs, relative L2", logprobs);
    report("saliency_l2_per_target, relative L2", saliency);
    report("input_x_gradient_per_target, relative L2", product);
    report("attention_mean, relative L2", mean);
    report("attention_layer0, relative L2", first);
    report("attention_last_layer, relative L2", last);
    EXPECT_MEASURED(logprobs, 2.1e-5);
    EXPECT_MEASURED(saliency, 1.1e-4);
    EXPECT_MEASURED(product, 4.1e-4);
    EXPECT_MEASURED(mean, 2.1e-6);
    EXPECT_MEASURED(first, 2.1e-6);
    EXPECT_MEASURED(last, 2.1e-6);
}

TEST_F(Chat, LeaveOneOutAgreesWithPyTorch) {
    const Model model = Model::load(float32_file());
    Request request = chat_request(reference);
    request.labels.clear();
    request.target.each = true;
    const Explanation result =
        Explainer(model, {{"leave_one_out", {{"baseline_token", "0"}}}}).compute(request);
    const double scores =
        test::relative_l2(result.attributions.at(0).scores.values, torch.floats("ablation_to_id0"));
    report("ablation_to_id0, relative L2", scores);
    EXPECT_MEASURED(scores, 5.1e-6);
}

TEST_F(Chat, Float32WritesTheOriginalsAnswer) {
    const Model model = Model::load(float32_file());
    const Tokens prompt = reference.ids("prompt_ids");
    const Generation answer = model.generate(prompt, {.max_new_tokens = 100});
    EXPECT_TRUE(answer.text.starts_with("Online Chat Support: Monday to Friday 8:00 AM")) << answer.text;
    Tokens sequence = prompt;
    sequence.insert(sequence.end(), answer.ids.begin(), answer.ids.end());
    EXPECT_EQ(sequence, reference.ids("sequence_ids"));
}

TEST_F(Chat, ShippedFileRanksTheSame) {
    const Model model = Model::load(LLMX_DEMO_MODEL);
    const Explanation result = Explainer(model, {"gradient"}).compute(original_request(reference));
    const auto truth = reference.floats("saliency_map");
    const double rank = test::rank_correlation(result.original.gradient->saliency_map, truth);
    report("Q4_1: rank correlation of saliency_map", rank);
    const double gradient =
        test::relative_l2(result.original.gradient->gradient.values, reference.floats("embedding_gradient"));
    report("Q4_1: embedding_gradient, relative L2", gradient);
    EXPECT_MEASURED(1 - rank, 3.1e-3);
    EXPECT_MEASURED(gradient, 0.131);
}

}  // namespace
}  // namespace llmx
