// The methods of a request that names none.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <llmx/llmx.hpp>

#include "support/data.hpp"

namespace llmx {
namespace {

using testing::ElementsAre;

std::vector<std::string> methods_of(const char* model, const std::string& more) {
    const std::string json = R"({"prompt_ids": [5, 9, 12, 3], "answer_ids": [7, 4])" + more + "}";
    Activity silent;
    const Outcome outcome = explain(Model::load(test::data_file(model)), request_from_json(json), silent);
    std::vector<std::string> names;
    for (const Method& method : outcome.request.methods) names.push_back(method.name);
    return names;
}

TEST(AutomaticMethods, AreValueNormsAndSaliency) {
    EXPECT_THAT(methods_of("llama-tiny.gguf", ""), ElementsAre("value_norm", "saliency"));
    EXPECT_THAT(methods_of("gpt2-tiny.gguf", ""), ElementsAre("value_norm", "saliency"));
    EXPECT_THAT(methods_of("t5-tiny.gguf", R"(, "task": "translation")"),
                ElementsAre("value_norm", "saliency"));
}

TEST(AutomaticMethods, ExplainWhatIsAskedFor) {
    const auto methods = [](const std::string& more) { return methods_of("llama-tiny.gguf", more); };
    EXPECT_THAT(methods(R"(, "contrast": "x")"), ElementsAre("saliency"));
    EXPECT_THAT(methods(R"(, "label_ids": [6, 2])"), ElementsAre("value_norm", "saliency", "gradient"));
    EXPECT_THAT(methods(R"(, "label_ids": [6, 2], "per_token": true)"),
                ElementsAre("value_norm", "saliency", "gradient"));
    EXPECT_THAT(methods(R"(, "per_token": true)"), ElementsAre("value_norm", "saliency"));
    EXPECT_THAT(methods(R"(, "objective": "generated")"), ElementsAre("value_norm", "saliency", "gradient"));
    EXPECT_THAT(methods(R"(, "raw": true)"), ElementsAre("value_norm", "saliency", "gradient"));
    EXPECT_THAT(methods(R"(, "attention_weights": true)"),
                ElementsAre("value_norm", "saliency", "attention"));
}

TEST(AutomaticMethods, TakeOptionsAndSeeds) {
    Activity silent;
    const Outcome outcome = explain(
        Model::load(test::data_file("llama-tiny.gguf")),
        request_from_json(R"({"prompt_ids": [5, 9, 12, 3], "answer_ids": [7, 4], "norm": "l1"})"), silent);
    ASSERT_EQ(outcome.request.methods.size(), 2U);
    EXPECT_EQ(outcome.request.methods[1].options.at("norm"), "l1");
    EXPECT_TRUE(outcome.request.method_options.empty());
}

}  // namespace
}  // namespace llmx
