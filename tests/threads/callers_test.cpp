// Several threads share a model, and requests run on several threads: the results equal those of a single
// thread.

#include <gtest/gtest.h>

#include <llmx/llmx.hpp>
#include <thread>

#include "support/data.hpp"

namespace llmx {
namespace {

const std::string model_path = test::data_file("llama-tiny.gguf");

Request request_of(int number) {
    Request request;
    request.input_ids = {1, 5, 9, 12, 3 + number};
    request.output.ids = {7, 11, 4, 9};
    return request;
}

std::vector<float> scores(const Model& model, const Request& request, const std::string& method) {
    return Explainer(model, {method}).compute(request).attributions.at(0).scores.values;
}

TEST(Callers, ShareAModel) {
    const Model model = Model::load(model_path, {.threads = 2});
    std::vector<std::vector<float>> alone, together(3);
    for (int k = 0; k < 3; ++k) alone.push_back(scores(model, request_of(k), "input_x_gradient"));
    std::vector<std::thread> callers;
    for (int k = 0; k < 3; ++k) {
        callers.emplace_back([&, k] {
            const Model copy = model;
            EXPECT_FALSE(copy.sha256_16().empty());
            EXPECT_FALSE(copy.tokenize("The quick brown fox").empty());
            EXPECT_EQ(copy.generate(Tokens{1, 5, 9}, {.max_new_tokens = 4}).ids.size(), 4U);
            together[static_cast<std::size_t>(k)] = scores(copy, request_of(k), "input_x_gradient");
        });
    }
    for (std::thread& caller : callers) caller.join();
    EXPECT_EQ(together, alone);
}

class Threads : public testing::TestWithParam<const char*> {};

/// Covers reverse passes in parallel, points of a path in lanes, and the scorer.
TEST_P(Threads, GiveTheScoresOfOne) {
    Request request = request_of(0);
    request.target.each = true;
    const auto one = scores(Model::load(model_path, {.threads = 1}), request, GetParam());
    const auto three = scores(Model::load(model_path, {.threads = 3}), request, GetParam());
    ASSERT_EQ(three.size(), one.size());
    for (std::size_t k = 0; k < one.size(); ++k)
        EXPECT_NEAR(three[k], one[k], 1e-5 * (1 + std::abs(one[k]))) << k;
}

INSTANTIATE_TEST_SUITE_P(Methods, Threads,
                         testing::Values("saliency", "integrated_gradients", "leave_one_out",
                                         "attention_x_gradient"),
                         [](const auto& method) { return std::string(method.param); });

}  // namespace
}  // namespace llmx
