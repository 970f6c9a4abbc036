#include <gtest/gtest.h>

#include <llmx/model.hpp>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/golden_file.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

class Demo : public testing::Test {
protected:
    const Model model = Model::load(LLMX_DEMO_MODEL);
    const test::GoldenFile reference{test::data_file("smollm2-chat.reference.gguf")};
    const std::vector<Message> messages = {{"system", reference.text("golden.system_prompt")},
                                           {"user", reference.text("golden.question")}};
};

TEST_F(Demo, Facts) {
    const ModelFacts& facts = model.facts();
    EXPECT_EQ(facts.architecture, "llama");
    EXPECT_EQ(facts.type, "Q4_1");
    EXPECT_EQ(facts.blocks, 30);
    EXPECT_EQ(facts.heads, 9);
    EXPECT_EQ(facts.kv_heads, 3);
    EXPECT_EQ(facts.head_size, 64);
    EXPECT_EQ(facts.embedding, 576);
    EXPECT_TRUE(facts.has_chat_template);
    EXPECT_EQ(model.sha256_16(), "b179c9523d0e6a0f");
    EXPECT_EQ(model.modules().size(), 272u);
}

TEST_F(Demo, ChatPromptIsTheReferences) {
    EXPECT_EQ(model.apply_chat_template(messages), reference.ids("prompt_ids"));
    EXPECT_EQ(model.tokenize(reference.text("golden.answer")), reference.ids("label_ids"));
}

TEST_F(Demo, GreedyAnswerOfTheFloat32FileIsTheReferences) {
    const test::TemporaryDirectory dir;
    quantize(LLMX_DEMO_MODEL, dir / "f32.gguf", "F32");
    const Model f32 = Model::load(dir / "f32.gguf");
    const Tokens prompt = reference.ids("prompt_ids"), sequence = reference.ids("sequence_ids");
    const Generation answer = f32.generate(prompt, {.max_new_tokens = 100});
    EXPECT_EQ(answer.ids,
              Tokens(sequence.begin() + static_cast<std::ptrdiff_t>(prompt.size()), sequence.end()));
    EXPECT_TRUE(answer.ended);
    EXPECT_TRUE(answer.text.starts_with("Online Chat Support: Monday to Friday 8:00 AM")) << answer.text;
}

TEST_F(Demo, AShippedFileAnswersTheSameEveryTime) {
    const Tokens prompt = model.apply_chat_template(messages);
    const Generation first = model.generate(prompt, {.max_new_tokens = 30});
    EXPECT_EQ(model.generate(prompt, {.max_new_tokens = 30}).ids, first.ids);
}

}  // namespace
}  // namespace llmx
