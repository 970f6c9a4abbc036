// LoRA adapters against the same model with merged weights: logits, gradient, errors.

#include <gtest/gtest.h>

#include <cmath>
#include <llmx/llmx.hpp>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/gguf_edit.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

using test::expect_error;

const std::string base = test::data_file("llama-tiny.gguf");
constexpr std::int64_t rank = 3;
constexpr float alpha = 5.0F;

std::vector<float> wave(std::int64_t count, float step) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = 0.2F * std::sin(step * static_cast<float>(i + 1));
    return values;
}

class LoraAdapter : public testing::Test {
protected:
    const test::TemporaryDirectory dir;
    test::GgufEdit merged{base};
    test::GgufEdit adapter;

    LoraAdapter() {
        gguf_set_val_str(adapter.keys(), "general.type", "adapter");
        gguf_set_val_str(adapter.keys(), "general.architecture", "llama");
        gguf_set_val_str(adapter.keys(), "adapter.type", "lora");
        gguf_set_val_f32(adapter.keys(), "adapter.lora.alpha", alpha);
    }

    /// W + scale * alpha / rank * B A, in the adapter as A and B and in the other file as their sum.
    void change(const std::string& name, float scale, float step) {
        const std::vector<std::int64_t> shape = merged.at(name).shape;
        const std::int64_t out = shape[0];
        const std::int64_t in = shape[1];
        const std::vector<float> a = wave(rank * in, step);
        const std::vector<float> b = wave(out * rank, step * 1.3F);
        adapter.set(name + ".lora_a", {rank, in}, a);
        adapter.set(name + ".lora_b", {out, rank}, b);
        std::vector<float> w = merged.floats(name);
        for (std::int64_t o = 0; o < out; ++o) {
            for (std::int64_t i = 0; i < in; ++i) {
                double sum = 0;
                for (std::int64_t r = 0; r < rank; ++r)
                    sum += static_cast<double>(b[o * rank + r]) * a[r * in + i];
                w[o * in + i] += static_cast<float>(scale * alpha / rank * sum);
            }
        }
        merged.set(name, shape, w);
    }

    static Explanation explain(const Model& model) {
        const Tokens ids = test::GoldenFile(test::data_file("llama-tiny.golden.gguf")).ids("ids");
        Request request;
        request.input_ids.assign(ids.begin(), ids.begin() + 18);
        request.output.ids.assign(ids.begin() + 18, ids.end());
        return Explainer(model, {"gradient", "attention"}).compute(request);
    }
};

TEST_F(LoraAdapter, IsTheMergedModel) {
    constexpr float scale = 0.7F;
    for (const char* name : {"blk.0.attn_q.weight", "blk.0.attn_v.weight", "blk.1.attn_output.weight",
                             "blk.1.ffn_gate.weight", "blk.0.ffn_down.weight", "output.weight"}) {
        change(name, scale, 0.37F + 0.01F * static_cast<float>(std::string(name).size()));
    }
    adapter.write(dir / "adapter.gguf");
    merged.write(dir / "merged.gguf");
    const Model plain = Model::load(base);
    const Model adapted = Model::load(base, {.lora = {{dir / "adapter.gguf", scale}}});
    const Model expected = Model::load(dir / "merged.gguf");
    const Tokens prompt{5, 9, 20, 301, 44};
    const auto logits = [&](const Model& model) {
        return model.generate(prompt, {.max_new_tokens = 1, .keep_logits = true}).logits.values;
    };
    EXPECT_MEASURED(test::relative_l2(logits(adapted), logits(expected)), 3e-7);
    EXPECT_GT(test::relative_l2(logits(plain), logits(expected)), 1e-2);

    const Explanation found = explain(adapted);
    const Explanation truth = explain(expected);
    EXPECT_MEASURED(test::relative_l2(found.token_logprobs, truth.token_logprobs), 6e-8);
    EXPECT_MEASURED(
        test::relative_l2(found.original.gradient->gradient.values, truth.original.gradient->gradient.values),
        8.1e-7);
    EXPECT_MEASURED(
        test::relative_l2(found.original.attention->mean.values, truth.original.attention->mean.values),
        6e-8);
    EXPECT_GT(test::relative_l2(explain(plain).original.gradient->gradient.values,
                                truth.original.gradient->gradient.values),
              1e-2);
}

TEST_F(LoraAdapter, SeveralAddUp) {
    change("blk.0.attn_k.weight", 1.0F, 0.21F);
    adapter.write(dir / "first.gguf");
    adapter.tensors.clear();
    change("blk.0.attn_k.weight", -0.5F, 0.55F);
    change("blk.1.ffn_up.weight", -0.5F, 0.13F);
    adapter.write(dir / "second.gguf");
    merged.write(dir / "merged.gguf");
    const Model adapted = Model::load(base, {.lora = {{dir / "first.gguf"}, {dir / "second.gguf", -0.5F}}});
    const Explanation found = explain(adapted);
    const Explanation truth = explain(Model::load(dir / "merged.gguf"));
    EXPECT_MEASURED(test::relative_l2(found.token_logprobs, truth.token_logprobs), 6e-8);
    EXPECT_MEASURED(
        test::relative_l2(found.original.gradient->gradient.values, truth.original.gradient->gradient.values),
        4e-7);
}

TEST_F(LoraAdapter, WrongFilesAreErrors) {
    const auto load = [&](const std::string& name) {
        return [this, name] { (void)Model::load(base, {.lora = {{dir / name}}}); };
    };
    change("blk.0.attn_q.weight", 1.0F, 0.3F);
    adapter.write(dir / "right.gguf");
    EXPECT_NO_THROW(load("right.gguf")());
    expect_error(ErrorCode::model, {"absent.gguf", "no such file"}, load("absent.gguf"));
    test::spill(dir / "short.gguf", test::slurp(dir / "right.gguf").substr(0, 600));
    expect_error(ErrorCode::model, {"short.gguf"}, load("short.gguf"));
    expect_error(ErrorCode::model, {"lora", "llama-tiny.gguf", "adapter"},
                 [] { (void)Model::load(base, {.lora = {{base}}}); });

    gguf_set_val_str(adapter.keys(), "general.architecture", "qwen2");
    adapter.write(dir / "other.gguf");
    expect_error(ErrorCode::model, {"other.gguf", "arch mismatch", "\"llama\""}, load("other.gguf"));
    gguf_set_val_str(adapter.keys(), "general.architecture", "llama");

    const auto with = [&](const std::string& name, const std::vector<std::int64_t>& a,
                          const std::vector<std::int64_t>& b) {
        adapter.tensors.clear();
        adapter.set(name + ".lora_a", a, wave(a[0] * a[1], 0.1F));
        if (!b.empty()) adapter.set(name + ".lora_b", b, wave(b[0] * b[1], 0.1F));
        adapter.write(dir / "bad.gguf");
        return load("bad.gguf");
    };
    expect_error(ErrorCode::model, {"incorrect shape"}, with("blk.0.attn_q.weight", {3, 48}, {64, 3}));
    expect_error(ErrorCode::model, {"not transposed"}, with("blk.0.attn_q.weight", {3, 64}, {64, 4}));
    expect_error(ErrorCode::model, {"missing"}, with("blk.0.attn_q.weight", {3, 64}, {}));
    expect_error(ErrorCode::model, {"does not exist"}, with("blk.9.attn_q.weight", {3, 64}, {64, 3}));
    expect_error(ErrorCode::unsupported, {"token embeddings", "merge"},
                 with("token_embd.weight", {384, 3}, {64, 3}));
    expect_error(ErrorCode::usage, {"scale nan"}, [this] {
        (void)Model::load(base, {.lora = {{dir / "right.gguf", NAN}}});
    });
}

}  // namespace
}  // namespace llmx
