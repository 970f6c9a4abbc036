// Methods that read the same text share its pass, and those that read the same gradients a reverse pass:
// counted where llama.cpp is called and where a reverse pass ends.

#include <gtest/gtest.h>

#include <llmx/llmx.hpp>

#include "core/work.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/golden_file.hpp"

namespace llmx {
namespace {

struct OnePassCase {
    Model model;
    Request request;
    std::int64_t answer = 0;

    explicit OnePassCase(const std::string& family)
        : model(Model::load(test::data_file(family, "-tiny.gguf"))) {
        const test::GoldenFile golden(test::data_file(family, "-tiny.golden.gguf"));
        request.layer_names = {"attn_q", "attn_k", "attn_v"};
        if (family == "gpt2") request.layer_names = {"c_attn", "c_attn", "c_attn"};
        if (family == "t5") {
            request.input_ids = golden.ids("encoder_ids");
            request.output.ids = golden.ids("target_ids");
        } else {
            const Tokens ids = golden.ids("ids");
            request.input_ids = {ids.begin(), ids.begin() + 18};
            request.output.ids = {ids.begin() + 18, ids.end()};
        }
        answer = static_cast<std::int64_t>(request.output.ids.size());
    }
};

struct Counted {
    Explanation result;
    std::int64_t passes = 0, reverse_passes = 0;
};

Counted compute(const OnePassCase& text, const std::vector<Method>& methods) {
    const std::int64_t passes = work().passes;
    const std::int64_t reverse_passes = work().reverse_passes;
    Counted found;
    found.result = Explainer(text.model, methods).compute(text.request);
    found.passes = work().passes - passes;
    found.reverse_passes = work().reverse_passes - reverse_passes;
    return found;
}

TEST(OnePass, ServesAttentionAndInputXGradient) {
    const OnePassCase text("llama");
    const Counted found = compute(text, {"attention", "input_x_gradient"});
    EXPECT_EQ(found.passes, 1);
    EXPECT_EQ(found.reverse_passes, 1);
    const Counted with_gradient = compute(text, {"attention", "gradient", "input_x_gradient"});
    EXPECT_EQ(with_gradient.passes, 1);
    EXPECT_EQ(with_gradient.reverse_passes, 2) << "the objective's, and the target's";
    EXPECT_EQ(compute(text, {"attention"}).reverse_passes, 0);
}

TEST(OnePass, GivesAReversePassToEachTargetHoweverManyMethodsReadIt) {
    OnePassCase text("llama");
    text.request.target.each = true;
    ASSERT_GT(text.answer, 1);
    for (const std::vector<Method>& methods :
         {std::vector<Method>{"saliency"},
          {"saliency", "input_x_gradient"},
          {"input_x_gradient", Method("saliency", {{"norm", "l1"}}), "saliency", "attention"}}) {
        const Counted found = compute(text, methods);
        EXPECT_EQ(found.passes, 1) << methods.size() << " methods";
        EXPECT_EQ(found.reverse_passes, text.answer) << methods.size() << " methods";
    }
    const Counted apart = compute(text, {Method("saliency", {{"layer", "0"}}), "saliency"});
    EXPECT_EQ(apart.passes, 1);
    EXPECT_EQ(apart.reverse_passes, 2 * text.answer) << "at different layers";
}

TEST(OnePass, ServesMethodsOfAttention) {
    const OnePassCase text("llama");
    const Counted found = compute(text, {"attention_weights", "attention_rollout", "attention_flow",
                                         "attention_x_gradient", "value_norm", "saliency"});
    EXPECT_EQ(found.passes, 1);
    EXPECT_EQ(compute(text, {"value_norm"}).passes, 1);
    EXPECT_EQ(compute(text, {"value_norm", "saliency"}).passes, 1) << "the default";
}

TEST(OnePass, IsOneForEachText) {
    OnePassCase text("llama");
    text.request.labels = {5, 9, 12};
    text.request.objective = Objective::teacher;
    EXPECT_EQ(compute(text, {"attention", "gradient", "saliency", "input_x_gradient"}).passes, 2)
        << "the answer's attention, the label's gradients";

    OnePassCase contrast("llama");
    contrast.request.target.contrast = {5, 9, 12};
    EXPECT_EQ(compute(contrast, {"saliency", "input_x_gradient"}).passes, 3)
        << "the other answer's results, and then its recording";
}

TEST(OnePass, CountsWhatLlamaCppComputes) {
    OnePassCase micro_batches("llama");
    micro_batches.request.micro_batch = 7;
    const std::int64_t rows =
        static_cast<std::int64_t>(micro_batches.request.input_ids.size()) + micro_batches.answer;
    const std::int64_t parts = (rows + 6) / 7;
    EXPECT_EQ(compute(micro_batches, {"attention", "saliency"}).passes, parts) << "planning computes nothing";
    EXPECT_EQ(compute(OnePassCase("t5"), {"attention", "saliency"}).passes, 2) << "encoder and decoder";
}

TEST(OnePass, IsRunInPiecesWhereMemoryIsShort) {
    OnePassCase text("llama");
    text.request.target.each = true;
    const std::vector<Method> methods = {"attention", "saliency", "input_x_gradient"};
    const Explanation whole = compute(text, methods).result;
    text.request.memory_budget = std::size_t{256} << 10;
    const Counted found = compute(text, methods);
    EXPECT_GT(found.passes, 2);
    EXPECT_EQ(found.reverse_passes, text.answer);
    for (std::size_t i = 0; i < 2; ++i)
        EXPECT_LE(test::relative_l2(found.result.attributions[i].scores.values,
                                    whole.attributions[i].scores.values),
                  1e-5);
    EXPECT_EQ(found.result.original.attention->mean.values, whole.original.attention->mean.values);
}

/// Each method that does not perturb has the bits that it has alone, whatever ran before it.
class OnePassOf : public testing::TestWithParam<std::string> {};

TEST_P(OnePassOf, LeavesEveryMethodItsNumbers) {
    OnePassCase text(GetParam());
    text.request.target.each = true;
    std::vector<Method> methods;
    for (const MethodFacts& facts : known_methods()) {
        if (facts.family != "gradient" && facts.family != "attention") continue;
        if (facts.name == "context_reliance") continue;
        Method method(facts.name);
        for (const MethodOption& option : facts.options) {
            if (option.name == "steps" || option.name == "samples") method.options[option.name] = "3";
        }
        methods.push_back(method);
    }
    ASSERT_GT(methods.size(), 8U);
    methods.insert(methods.begin(), {"attention", "gradient"});
    methods.emplace_back("attention_weights");  // after others have taken the memory
    methods.emplace_back("saliency", std::map<std::string, std::string>{{"layer", "0"}});
    const Explanation together = compute(text, methods).result;
    ASSERT_EQ(together.attributions.size() + 2, methods.size());
    for (std::size_t i = 2; i < methods.size(); ++i) {
        const Explanation alone = compute(text, {methods[i]}).result;
        EXPECT_EQ(together.attributions[i - 2].scores.values, alone.attributions[0].scores.values)
            << methods[i].name;
        EXPECT_EQ(together.attributions[i - 2].targets[0].value, alone.attributions[0].targets[0].value);
    }
    const Explanation original = compute(text, {"attention", "gradient"}).result;
    EXPECT_EQ(together.original.gradient->gradient.values, original.original.gradient->gradient.values);
    EXPECT_EQ(together.original.attention->mean_group.values, original.original.attention->mean_group.values);
}

INSTANTIATE_TEST_SUITE_P(Families, OnePassOf, testing::Values("llama", "gemma3", "gpt2", "t5"),
                         [](const auto& family) { return family.param; });

}  // namespace
}  // namespace llmx
