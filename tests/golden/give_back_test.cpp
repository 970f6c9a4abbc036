// A result's texts, given back, are the same request: the same ids, and the same numbers.

#include <gtest/gtest.h>

#include <algorithm>
#include <llmx/llmx.hpp>
#include <llmx/task.hpp>

#include "engine/text/vocabulary.hpp"
#include "support/data.hpp"
#include "support/scripts.hpp"

namespace llmx {
namespace {

class GiveBack : public testing::TestWithParam<const char*> {
protected:
    const Model model = Model::load(test::data_file(GetParam()));

    [[nodiscard]] Explanation explained(const TaskInputs& inputs, const Tokens& more = {}) const {
        Request request = prepare(model, inputs);
        request.output.ids.insert(request.output.ids.end(), more.begin(), more.end());
        request.units.fixed = FixedTokens::none;  // a raw prompt has no template to hold
        return Explainer(model, std::vector<Method>{"saliency"}).compute(request);
    }
    static void expect_same(const Explanation& again, const Explanation& first) {
        EXPECT_EQ(again.prompt_ids, first.prompt_ids) << first.prompt_text;
        EXPECT_EQ(again.answer_ids, first.answer_ids) << first.prediction;
        EXPECT_EQ(again.token_logprobs, first.token_logprobs);
        EXPECT_EQ(again.attributions[0].scores.values, first.attributions[0].scores.values);
        EXPECT_EQ(again.attributions[0].objective, first.attributions[0].objective);
    }
};

/// As a raw prompt, with an answer that the model ended.
TEST_P(GiveBack, APromptAndItsAnswerInTenScripts) {
    const auto special = engine::special_tokens(model);
    const Tokens end = special.contains("eos") ? Tokens{special.at("eos")} : Tokens{};
    for (std::size_t i = 0; i < test::texts_in_scripts.size(); ++i) {
        const std::string prompt = test::texts_in_scripts[i];
        const std::string answer = test::texts_in_scripts[(i + 3) % test::texts_in_scripts.size()];
        SCOPED_TRACE(prompt);
        const Explanation first = explained({.prompt = prompt, .answer = answer}, end);
        EXPECT_EQ(first.answer_text, answer);
        expect_same(explained({.prompt = first.prompt_text, .answer = first.prediction}), first);
        // Without the end token, the answer alone.
        const Explanation plain = explained({.prompt = prompt, .answer = answer});
        expect_same(explained({.prompt = plain.prompt_text, .answer = first.answer_text}), plain);
    }
}

class GiveBackOfAChat : public GiveBack {};

/// The text that a chat template made is a raw prompt.
TEST_P(GiveBackOfAChat, AsARawPrompt) {
    for (const char* text : test::texts_in_scripts) {
        SCOPED_TRACE(text);
        const Explanation first = explained({.user = text, .answer = "Yes."});
        expect_same(explained({.prompt = first.prompt_text, .answer = first.prediction}), first);
    }
}

/// The beginning and the end that a model's tokenizer adds are there once, whether the text spells them or
/// not.
TEST_P(GiveBack, ItsOwnFirstAndLastTokensAreThereOnce) {
    const Tokens added = model.tokenize("", true);
    const Tokens ids = model.tokenize_prompt("a b");
    EXPECT_EQ(model.tokenize_prompt(model.detokenize(ids)), ids);
    for (const Token id : added) EXPECT_EQ(std::count(ids.begin(), ids.end(), id), 1);
}

std::string family(const testing::TestParamInfo<const char*>& instance) {
    std::string name = instance.param;
    name.erase(name.find_first_of("-."));
    std::erase(name, '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Families, GiveBackOfAChat,
                         testing::Values("gemma2-tiny", "phi3-tiny", "smollm3-tiny", "spm-tiny.gguf"),
                         family);
INSTANTIATE_TEST_SUITE_P(Families, GiveBack,
                         testing::Values("falcon-tiny", "falconnew-tiny", "gemma2-tiny", "gemma3-tiny",
                                         "gpt2-tiny", "gptneox-tiny", "gptneoxseq-tiny", "granite-tiny",
                                         "llama-tiny", "llamabf16-tiny", "llamamha-tiny", "mistral-tiny",
                                         "mixtral-tiny", "olmo2-tiny", "phi3-tiny", "qwen2-tiny",
                                         "qwen3-tiny", "qwen3moe-tiny", "smollm3-tiny", "stablelm-tiny",
                                         "stablelmpar-tiny", "spm-tiny.gguf", "add_bos.gguf"),
                         family);

}  // namespace
}  // namespace llmx
