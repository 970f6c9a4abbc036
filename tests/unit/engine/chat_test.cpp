#include <ggml.h>
#include <gguf.h>
#include <gtest/gtest.h>

#include <functional>
#include <llmx/model.hpp>
#include <memory>

#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

using test::expect_error;

const std::string chatml =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + "
    "'<|im_end|>' + "
    "'\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/// llama-tiny with a chat template, and further keys.
class Chat : public testing::Test {
protected:
    Model with_template(const std::string& text, const std::function<void(gguf_context*)>& edit = {}) {
        ggml_context* tensors = nullptr;
        gguf_context* original =
            gguf_init_from_file(test::data_file("llama-tiny.gguf").c_str(), {false, &tensors});
        gguf_context* file = gguf_init_empty();
        gguf_set_kv(file, original);
        gguf_set_val_str(file, "tokenizer.chat_template", text.c_str());
        if (edit) edit(file);
        for (ggml_tensor* t = ggml_get_first_tensor(tensors); t != nullptr;
             t = ggml_get_next_tensor(tensors, t)) {
            if (gguf_find_tensor(original, t->name) >= 0) gguf_add_tensor(file, t);
        }
        const std::string path = dir_ / "chat.gguf";
        gguf_write_to_file(file, path.c_str(), false);
        gguf_free(file);
        gguf_free(original);
        ggml_free(tensors);
        return Model::load(path);
    }

private:
    test::TemporaryDirectory dir_;
};

TEST_F(Chat, RendersTheModelsOwnTemplate) {
    const Model model = with_template(chatml);
    EXPECT_TRUE(model.facts().has_chat_template);
    const std::vector<Message> messages = {{"system", "Be kind."}, {"user", "Hi {{ 1 }} %}"}};
    const std::string text =
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi {{ 1 }} %}<|im_end|>\n";
    EXPECT_EQ(model.render_chat(messages), text + "<|im_start|>assistant\n");
    EXPECT_EQ(model.render_chat(messages, /*add_generation_prompt=*/false), text);
    EXPECT_EQ(model.apply_chat_template(messages), model.tokenize_prompt(text + "<|im_start|>assistant\n"));
}

TEST_F(Chat, FullJinja) {
    const Model model = with_template(
        "{%- set ns = namespace(n=0) -%}{%- for m in messages if m.role == 'user' -%}{%- set ns.n = ns.n + 1 "
        "-%}"
        "{{ loop.index0 ~ ':' ~ m.content | trim | upper }}{%- if not loop.last %}|{% endif -%}{%- endfor -%}"
        "{{ '#' ~ ns.n }}");
    EXPECT_EQ(model.render_chat({{"user", " a "}, {"assistant", "x"}, {"user", "b"}}), "0:A|1:B#2");
}

TEST_F(Chat, OneBeginningOfTextWhoeverWritesIt) {
    const auto add_bos = [](gguf_context* file) {
        gguf_set_val_u32(file, "tokenizer.ggml.bos_token_id", 5);
        gguf_set_val_bool(file, "tokenizer.ggml.add_bos_token", true);
    };
    const std::string plain = "{% for m in messages %}{{ m.content }}{% endfor %}";
    const Model adds = with_template(plain, add_bos);
    Tokens expected = adds.tokenize("Hello");
    expected.insert(expected.begin(), 5);
    EXPECT_EQ(adds.apply_chat_template({{"user", "Hello"}}), expected);
    const Model both = with_template("{{ bos_token }}" + plain, add_bos);
    EXPECT_EQ(both.apply_chat_template({{"user", "Hello"}}), expected);
}

TEST_F(Chat, WhatTheTemplateRefuses) {
    const Model model = with_template(
        "{% for m in messages %}{% if m.role not in ['user', 'assistant'] %}"
        "{{ raise_exception('role ' + m.role + ' is not known;\nknown: user, assistant') }}{% endif %}"
        "{{ m.content }}{% endfor %}");
    EXPECT_EQ(model.render_chat({{"user", "x"}}), "x");
    expect_error(ErrorCode::input, {"chat template", "role tool is not known", "known: user, assistant"},
                 [&] {
                     (void)model.render_chat({{"tool", "x"}});
                 });
    expect_error(ErrorCode::input, {"`messages`: none"}, [&] { (void)model.render_chat({}); });
    expect_error(ErrorCode::input, {"empty role"}, [&] { (void)model.render_chat({{"", "x"}}); });
    expect_error(ErrorCode::input, {"user message", "UTF-8"}, [&] {
        (void)model.render_chat({{"user", "a\xFF"}});
    });
}

TEST_F(Chat, ModelsWithoutAUsableTemplate) {
    const Model none = Model::load(test::data_file("llama-tiny.gguf"));
    expect_error(ErrorCode::model, {"llama-tiny.gguf", "has none", "`prompt`"}, [&] {
        (void)none.apply_chat_template({{"user", "x"}});
    });
    const Model given = Model::load(test::data_file("llama-tiny.gguf"), {.chat_template = chatml});
    EXPECT_TRUE(given.facts().has_chat_template);
    EXPECT_EQ(given.render_chat({{"user", "x"}}), "<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n");
    const Model broken = with_template("{% for m in messages %}{{ m.content ");
    expect_error(ErrorCode::model, {"cannot parse", "`prompt`"}, [&] {
        (void)broken.render_chat({{"user", "x"}});
    });
}

}  // namespace
}  // namespace llmx
