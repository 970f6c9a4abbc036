// Answers, labels and contrasts become tokens as they are written, and their tokens' text gives the same
// ones.

#include "task/continuation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include <llmx/llmx.hpp>

#include "support/data.hpp"

namespace llmx::task {
namespace {

constexpr std::array texts{"ld",
                           " open",
                           "  two spaces",
                           "The shop is open.\nOn Monday, too",
                           "\n\nA paragraph",
                           "Größe: 5 µm",
                           "Привет, мир",
                           "Γειά σου",
                           "שלום עולם",
                           "مرحبا بالعالم",
                           "नमस्ते दुनिया",
                           "สวัสดีชาวโลก",
                           "こんにちは世界",
                           "안녕하세요",
                           "你好，世界",
                           "👩‍🔬🙂",
                           "if (a < b) {\n\treturn \"x\";\n}"};

class Continuation : public testing::TestWithParam<const char*> {
protected:
    const Model model = Model::load(test::data_file(GetParam(), ".gguf"));
};

TEST_P(Continuation, IsSpelledAsWrittenAndGivesTheSameIdsAgain) {
    for (const char* text : texts) {
        const Tokens ids = continuation(model, text);
        const std::string spelled = continued_text(model, ids);
        EXPECT_EQ(spelled, text);
        EXPECT_EQ(continuation(model, spelled), ids) << text;
    }
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, Continuation,
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
}  // namespace llmx::task
