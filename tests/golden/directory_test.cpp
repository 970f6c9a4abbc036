// A Hugging Face directory gives the model that llama.cpp's converter makes of it: the same logits to the
// bit, the same modules, the same tokens.

#include <gtest/gtest.h>

#include <fstream>
#include <llmx/model.hpp>
#include <nlohmann/json.hpp>

#include "checkpoint/directory.hpp"
#include "engine/pass/pass.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/golden_file.hpp"

namespace llmx {
namespace {

std::string without_spaces(std::string text) {
    std::erase(text, ' ');
    return text;
}

class Directory : public testing::TestWithParam<const char*> {
protected:
    const std::string stem = test::data_file(GetParam(), "-tiny");
    const Model directory = Model::load(stem);
    const Model gguf = Model::load(stem + ".gguf");
};

// Of an encoder: the same last hidden states.
TEST_P(Directory, SameResults) {
    const Tokens text = gguf.tokenize_prompt("The quick brown fox jumps over the lazy dog.");
    engine::PassInput input{.ids = text};
    if (gguf.facts().kind == ModelKind::encoder_decoder) {
        input.source = text;
        input.ids = {engine::decoder_start_token(gguf), 5, 6, 7};
    }
    for (std::size_t p = 0; p < input.ids.size(); ++p) input.outputs.push_back(static_cast<int>(p));
    const engine::SessionSize size{.tokens = static_cast<int>(input.ids.size()),
                                   .outputs = static_cast<int>(input.ids.size()),
                                   .source = static_cast<int>(input.source.size())};
    engine::Session ours(directory, size), truth(gguf, size);
    ours.run(input);
    truth.run(input);
    for (const int output : input.outputs) {
        EXPECT_EQ(test::max_difference(ours.result(output), truth.result(output)), 0.0) << output;
    }
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

// Also of the families that a pass cannot show without their GGUF.
TEST_P(Directory, SameWeights) {
    const checkpoint::Checkpoint read = checkpoint::read_directory(stem);
    const test::GoldenFile truth(stem + ".gguf");
    for (const engine::ContentTensor& tensor : read.content.tensors) {
        ASSERT_EQ(tensor.type, "F32") << tensor.name;
        const std::vector<float> expected = truth.floats(tensor.name);
        std::vector<float> values(expected.size());
        tensor.fill(std::as_writable_bytes(std::span(values)));
        EXPECT_EQ(values, expected) << tensor.name;
    }
    EXPECT_EQ(read.content.tensors.size(), truth.tensors());
}

TEST_P(Directory, SameTokensAsGguf) {
    for (const std::string text :
         {"Hello  world\n\t x", "<|im_start|>user\nHi<|im_end|>", "naïve 价格 🚀", "", " "}) {
        EXPECT_EQ(directory.tokenize(text, false, true), gguf.tokenize(text, false, true)) << text;
        EXPECT_EQ(directory.tokenize_prompt(text), gguf.tokenize_prompt(text)) << text;
    }
    for (Token id = 0; id < gguf.facts().vocabulary; ++id) {
        EXPECT_EQ(directory.token_bytes(id), gguf.token_bytes(id)) << id;
        EXPECT_EQ(directory.token_bytes(id, false), gguf.token_bytes(id, false)) << id;
    }
}

INSTANTIATE_TEST_SUITE_P(Families, Directory,
                         testing::Values("llama", "llamamha", "qwen2", "qwen3", "gemma3", "gpt2", "mixtral",
                                         "t5", "bertqa"),
                         [](const auto& family) { return std::string(family.param); });

class DirectoryTokens : public testing::TestWithParam<const char*> {};

TEST_P(DirectoryTokens, AreHuggingFaces) {
    const std::string family = GetParam(), stem = test::data_file(family, "-tiny");
    const Model model = Model::load(stem);
    std::ifstream file(stem + "/tokenization.json");
    const nlohmann::json rows = nlohmann::json::parse(file).at("rows");
    ASSERT_EQ(rows.size(), 10U);
    for (const auto& row : rows) {
        const std::string text = row.at("text"), decoded = row.at("decoded");
        const Tokens ids = row.at("ids"), with_special = row.at("ids_with_special");
        EXPECT_EQ(model.tokenize(text, false, true), ids) << text;
        EXPECT_EQ(model.tokenize_prompt(text), with_special) << text;
        if (model.facts().architecture == "bert") {  // llama.cpp sets spaces around punctuation otherwise
            EXPECT_EQ(without_spaces(model.detokenize(ids)), without_spaces(decoded)) << text;
        } else {
            EXPECT_EQ(model.detokenize(ids), decoded) << text;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Families, DirectoryTokens,
                         testing::Values("llama", "qwen2", "qwen3", "gemma3", "gpt2", "mixtral", "t5",
                                         "bertqa"),
                         [](const auto& family) { return std::string(family.param); });

}  // namespace
}  // namespace llmx
