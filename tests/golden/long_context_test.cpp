// Texts longer than what a model was trained on.

#include <gtest/gtest.h>

#include <cmath>
#include <llmx/llmx.hpp>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/gguf_edit.hpp"
#include "support/measured.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

using test::expect_error;

class LongContext : public testing::Test {
protected:
    const test::TemporaryDirectory dir;

    static Tokens tokens(int count) {
        Tokens ids;
        for (int i = 0; i < count; ++i) ids.push_back(4 + i * 37 % 300);
        return ids;
    }
    /// llama-tiny said to be trained on 16 tokens.
    [[nodiscard]] Model trained_on_16(const char* scaling) const {
        test::GgufEdit edit(test::data_file("llama-tiny.gguf"));
        gguf_set_val_u32(edit.keys(), "llama.context_length", 16);
        if (scaling != nullptr) {
            gguf_set_val_str(edit.keys(), "llama.rope.scaling.type", scaling);
            gguf_set_val_f32(edit.keys(), "llama.rope.scaling.factor", 4.0F);
            gguf_set_val_u32(edit.keys(), "llama.rope.scaling.original_context_length", 16);
        }
        edit.write(dir / "m.gguf");
        return Model::load(dir / "m.gguf");
    }
    static Explanation explain(const Model& model, const Tokens& prompt, const Tokens& answer) {
        Request request;
        request.input_ids = prompt;
        request.output.ids = answer;
        request.context = 1000;
        return Explainer(model, {"gradient"}).compute(request);
    }
};

TEST_F(LongContext, GoesOnWithAWarning) {
    const Model model = trained_on_16(nullptr);
    const Tokens prompt = tokens(20);
    expect_error(ErrorCode::context_overflow, {"holds 16", "`context_tokens`"},
                 [&] { (void)model.generate(prompt); });
    const Generation found = model.generate(prompt, {.max_new_tokens = 6, .context = 64});
    const Model whole = Model::load(test::data_file("llama-tiny.gguf"));
    EXPECT_EQ(found.ids, whole.generate(prompt, {.max_new_tokens = 6}).ids);
    ASSERT_EQ(found.warnings.size(), 1U);
    EXPECT_NE(found.warnings[0].find("26 tokens, the model was trained on 16"), std::string::npos);
    EXPECT_TRUE(model.generate(tokens(4), {.max_new_tokens = 6, .context = 64}).warnings.empty());
    EXPECT_TRUE(whole.generate(prompt, {.max_new_tokens = 6}).warnings.empty());

    const Explanation replayed = explain(model, prompt, found.ids);
    const Explanation truth = explain(whole, prompt, found.ids);
    EXPECT_EQ(replayed.token_logprobs, truth.token_logprobs);
    EXPECT_EQ(replayed.original.gradient->gradient.values, truth.original.gradient->gradient.values);
    EXPECT_EQ(replayed.warnings.size(), truth.warnings.size() + 1);
}

TEST_F(LongContext, HonoursTheModelsOwnScaling) {
    const Tokens prompt = tokens(20);
    const auto logits = [&](const Model& model) {
        return model.generate(prompt, {.max_new_tokens = 1, .context = 64, .keep_logits = true});
    };
    const Generation plain = logits(trained_on_16(nullptr));
    const Generation linear = logits(trained_on_16("linear"));
    const Generation yarn = logits(trained_on_16("yarn"));
    EXPECT_FALSE(plain.warnings.empty());
    EXPECT_TRUE(linear.warnings.empty());
    EXPECT_TRUE(yarn.warnings.empty());
    EXPECT_GT(test::relative_l2(linear.logits.values, plain.logits.values), 1e-3);
    EXPECT_GT(test::relative_l2(yarn.logits.values, plain.logits.values), 1e-3);
    EXPECT_GT(test::relative_l2(yarn.logits.values, linear.logits.values), 1e-3);
    // A replay sees the positions that generation saw.
    for (const char* scaling : {"linear", "yarn"}) {
        const Model model = trained_on_16(scaling);
        const Generation found =
            model.generate(prompt, {.max_new_tokens = 1, .context = 64, .keep_logits = true});
        const Explanation replayed = explain(model, prompt, found.ids);
        double sum = 0;
        for (const float z : found.logits.values) sum += std::exp(static_cast<double>(z));
        const double expected = found.logits.values[static_cast<std::size_t>(found.ids[0])] - std::log(sum);
        EXPECT_CLOSE(replayed.token_logprobs[0], expected, 5e-7);
    }
}

TEST_F(LongContext, ATableOfPositionsEnds) {
    const Model gpt2 = Model::load(test::data_file("gpt2-tiny.gguf"));
    expect_error(ErrorCode::context_overflow, {"257 tokens", "position embeddings ends at 256"},
                 [&] { (void)gpt2.generate(tokens(250), {.max_new_tokens = 7, .context = 1000}); });
    expect_error(ErrorCode::context_overflow, {"257 tokens", "position embeddings ends at 256"},
                 [&] { (void)explain(gpt2, tokens(250), tokens(7)); });
    EXPECT_EQ(explain(gpt2, tokens(250), tokens(6)).token_logprobs.size(), 6U);
}

}  // namespace
}  // namespace llmx
