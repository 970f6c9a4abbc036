// Answers, labels and contrasts become tokens as they are written, and their tokens' text gives the same
// ones.

#include "engine/text/spelling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <llmx/llmx.hpp>

#include "support/data.hpp"
#include "support/scripts.hpp"

namespace llmx::engine {
namespace {

class Spelling : public testing::TestWithParam<const char*> {
protected:
    const Model model = Model::load(test::data_file(GetParam(), ".gguf"));
};

TEST_P(Spelling, IsSpelledAsWrittenAndGivesTheSameIdsAgain) {
    for (const char* text : test::texts_in_scripts) {
        const Tokens ids = continuation(model, text);
        const std::string spelled = continued_text(model, ids);
        EXPECT_EQ(spelled, text);
        EXPECT_EQ(continuation(model, spelled), ids) << text;
    }
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, Spelling,
                         testing::Values("llama-tiny", "llamamha-tiny", "qwen2-tiny", "qwen3-tiny",
                                         "mixtral-tiny", "gemma3-tiny", "gpt2-tiny", "spm-tiny"),
                         [](const auto& instance) {
                             std::string name = instance.param;
                             name.erase(name.find('-'));
                             return name;
                         });

/// The ids of a word written at once, split where the prompt ends: SentencePiece's answer has no space of its
/// own.
TEST(SentencePiece, AnAnswerGetsNoSpace) {
    const Model model = Model::load(test::data_file("spm-tiny.gguf"));
    const Request request = prepare(model, {.prompt = "hello wor", .answer = "ld", .contrast = "ld"}, {});
    Tokens both = request.input_ids;
    both.insert(both.end(), request.output.ids.begin(), request.output.ids.end());
    EXPECT_EQ(continued_text(model, both), " hello world");  // the prompt's own space
    EXPECT_EQ(request.target.contrast, request.output.ids);
    const Request spaced = prepare(model, {.prompt = "the shop is", .answer = " open"}, {});
    EXPECT_EQ(continued_text(model, spaced.output.ids), " open");
}

/// Values of an audit that joined prompt and answer by its own program.
TEST(SentencePiece, AnAnswerIsAsProbableAsTheTextWrittenAtOnce) {
    const Model model = Model::load(test::data_file("spm-tiny.gguf"));
    const auto logprob = [&](const char* prompt, const char* answer) {
        const Request request = prepare(model, {.prompt = prompt, .answer = answer}, {});
        return Explainer(model, {{"input_x_gradient"}})
            .compute(request)
            .attributions.at(0)
            .targets.at(0)
            .value;
    };
    EXPECT_NEAR(logprob("hello wor", "ld"), -5.63, 0.005);
    EXPECT_NEAR(logprob("the shop is", " open"), -16.11, 0.005);
}

}  // namespace
}  // namespace llmx::engine
