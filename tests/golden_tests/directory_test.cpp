// A Hugging Face directory gives the model that llama.cpp's converter makes of it: the same logits to the
// bit, the same modules, the same tokens.

#include <gtest/gtest.h>

#include <fstream>
#include <llmx/model.hpp>
#include <nlohmann/json.hpp>

#include "support/compare.hpp"

namespace llmx {
namespace {

const std::string data = LLMX_TEST_DATA;

class Directory : public testing::TestWithParam<const char*> {
protected:
    const std::string stem = data + "/" + GetParam() + "-tiny";
    const Model directory = Model::load(stem);
    const Model gguf = Model::load(stem + ".gguf");
};

TEST_P(Directory, SameLogits) {
    if (gguf.facts().architecture == "bert" || gguf.facts().architecture == "t5")
        GTEST_SKIP() << "no decoder";
    const Tokens prompt = gguf.tokenize_prompt("The quick brown fox jumps over the lazy dog.");
    const Generation ours = directory.generate(prompt, {.max_new_tokens = 12, .keep_logits = true});
    const Generation truth = gguf.generate(prompt, {.max_new_tokens = 12, .keep_logits = true});
    EXPECT_EQ(ours.ids, truth.ids);
    EXPECT_EQ(test::max_difference(ours.logits.values, truth.logits.values), 0.0);
}

TEST_P(Directory, SameFactsAndModules) {
    const ModelFacts ours = directory.facts(), truth = gguf.facts();
    EXPECT_EQ(ours.architecture, truth.architecture);
    EXPECT_EQ(ours.type, truth.type);
    EXPECT_EQ(ours.parameters, truth.parameters);
    EXPECT_EQ(ours.bytes, truth.bytes);
    EXPECT_EQ(ours.blocks, truth.blocks);
    EXPECT_EQ(ours.heads, truth.heads);
    EXPECT_EQ(ours.kv_heads, truth.kv_heads);
    EXPECT_EQ(ours.head_size, truth.head_size);
    EXPECT_EQ(ours.embedding, truth.embedding);
    EXPECT_EQ(ours.vocabulary, truth.vocabulary);
    EXPECT_EQ(ours.context, truth.context);
    std::map<std::string, std::string> modules;
    for (const Module& module : directory.modules()) modules[module.gguf_name] = module.hf_name + module.kind;
    EXPECT_EQ(modules.size(), gguf.modules().size());
    for (const Module& module : gguf.modules())
        EXPECT_EQ(modules[module.gguf_name], module.hf_name + module.kind);
    EXPECT_EQ(directory.sha256_16().size(), 16U);
}

TEST_P(Directory, SameTokens) {
    std::ifstream file(stem + "/tokenization.json");
    if (!file) GTEST_SKIP() << "no rows of ids";
    const nlohmann::json rows = nlohmann::json::parse(file).at("rows");

    for (const auto& row : rows) {
        const std::string text = row.at("text");
        const Tokens ids = row.at("ids"), with_special = row.at("ids_with_special");
        EXPECT_EQ(directory.tokenize(text), ids) << text;
        EXPECT_EQ(directory.tokenize(text, /*add_special=*/true), with_special) << text;
        EXPECT_EQ(directory.tokenize_prompt(text), with_special) << text;
        EXPECT_EQ(directory.tokenize(text, false, true), gguf.tokenize(text, false, true)) << text;
        EXPECT_EQ(directory.detokenize(ids), gguf.detokenize(ids)) << text;
    }
}

INSTANTIATE_TEST_SUITE_P(Families, Directory,
                         testing::Values("llama", "llamamha", "qwen2", "qwen3", "gemma3", "gpt2", "mixtral",
                                         "t5", "bertqa"),
                         [](const auto& family) { return std::string(family.param); });

}  // namespace
}  // namespace llmx
