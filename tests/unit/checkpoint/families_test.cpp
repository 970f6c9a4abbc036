// What a config.json may say that llama.cpp does otherwise: refused by key and value, or made to fit.

#include <gtest/gtest.h>

#include <fstream>
#include <llmx/model.hpp>
#include <nlohmann/json.hpp>

#include "checkpoint/directory.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

namespace fs = std::filesystem;
using test::expect_error;
using test::TemporaryDirectory;

/// A tiny checkpoint under another name, its config.json changed.
void copy_changed(const std::string& family, const nlohmann::json& changes, const fs::path& to) {
    fs::copy(test::data_file(family, "-tiny"), to);
    nlohmann::json config = nlohmann::json::parse(test::slurp(to / "config.json"));
    config.merge_patch(changes);
    test::spill(to / "config.json", config.dump());
}

struct Refusal {
    const char* name;
    const char* family;
    const char* change;
    std::initializer_list<std::string> words;
};

const Refusal refusals[] = {
    {"SmolLM3Interval",
     "smollm3",
     R"({"no_rope_layers": null, "no_rope_layer_interval": 3})",
     {"no_rope_layer_interval is 3", "every 4th block"}},
    {"SmolLM3Blocks",
     "smollm3",
     R"({"no_rope_layers": [1, 1, 1, 1]})",
     {"no_rope_layers is [1,1,1,1]", "0 for every 4th block"}},
    {"GraniteZero", "granite", R"({"residual_multiplier": 0})", {"residual_multiplier is 0", "above 0"}},
    {"Gemma2Scale",
     "gemma2",
     R"({"query_pre_attn_scalar": 144})",
     {"query_pre_attn_scalar is 144", "with 8"}},
    {"Gemma2NoCap",
     "gemma2",
     R"({"attn_logit_softcapping": null})",
     {"attn_logit_softcapping is missing", "above 0"}},
    {"Gemma2Windows",
     "gemma2",
     R"({"layer_types": ["full_attention", "sliding_attention", "full_attention"]})",
     {"layer_types is [\"full_attention\"", "alternating"}},
    {"Gemma2Untied", "gemma2", R"({"tie_word_embeddings": false})", {"tie_word_embeddings is false", "true"}},
    {"NeoXBias", "gptneox", R"({"attention_bias": false})", {"attention_bias is false", "with true"}},
    {"FalconAlibi", "falcon", R"({"alibi": true})", {"alibi is true", "with false"}},
    {"FalconBias", "falcon", R"({"bias": true})", {"bias is true", "with false"}},
    {"FalconSequential", "falcon", R"({"parallel_attn": false})", {"parallel_attn is false", "with true"}},
    {"FalconActivation", "falcon", R"({"activation": "relu"})", {"activation \"relu\"", "gelu"}},
    {"Qwen3MoeUnscaled",
     "qwen3moe",
     R"({"norm_topk_prob": false})",
     {"norm_topk_prob is false", "with true"}},
    {"Qwen3MoeDense", "qwen3moe", R"({"mlp_only_layers": [0]})", {"mlp_only_layers is [0]", "none"}},
    {"Qwen3MoeStep", "qwen3moe", R"({"decoder_sparse_step": 2})", {"decoder_sparse_step is 2", "with 1"}},
    {"Phi3Scaling", "phi3", R"({"rope_scaling": {"type": "ntk"}})", {"rope_type \"ntk\"", "longrope"}},
};

class RefusedConfig : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedConfig, NamesKeyAndValue) {
    const TemporaryDirectory directory;
    copy_changed(GetParam().family, nlohmann::json::parse(GetParam().change), directory / "model");
    expect_error(ErrorCode::unsupported, GetParam().words, [&] { (void)Model::load(directory / "model"); });
}

INSTANTIATE_TEST_SUITE_P(Families, RefusedConfig, testing::ValuesIn(refusals),
                         [](const auto& refusal) { return std::string(refusal.param.name); });

TEST(Families, TensorsThatTheConfigHasNoPlaceFor) {
    const TemporaryDirectory directory;
    copy_changed("stablelmpar", {{"use_parallel_residual", false}}, directory / "sequential");
    expect_error(ErrorCode::model, {"no tensor model.layers.0.post_attention_layernorm.weight"},
                 [&] { (void)Model::load(directory / "sequential"); });
    copy_changed("stablelm", {{"use_parallel_residual", true}}, directory / "parallel");
    expect_error(ErrorCode::model,
                 {"post_attention_layernorm", "does not belong to a model of family stablelm"},
                 [&] { (void)Model::load(directory / "parallel"); });
    copy_changed("falcon", {{"multi_query", false}}, directory / "heads");
    expect_error(ErrorCode::model, {"query_key_value", "shape [48, 32]", "expected 96 rows"},
                 [&] { (void)Model::load(directory / "heads"); });
}

TEST(Families, TheContextEndsWithAWindowThatLlamaCppDoesNotHave) {
    const TemporaryDirectory directory;
    copy_changed("phi3", {{"sliding_window", 47}}, directory / "phi");
    EXPECT_EQ(Model::load(directory / "phi").facts().context, 47);
    copy_changed("mistral", {{"sliding_window", 64}}, directory / "mistral");
    EXPECT_EQ(Model::load(directory / "mistral").facts().context, 64);
    copy_changed("smollm3", {{"sliding_window", 32}}, directory / "off");
    EXPECT_EQ(Model::load(directory / "off").facts().context, 256);
}

/// A matrix of a checkpoint; nothing where there is none.
std::vector<std::byte> matrix_of(const fs::path& directory, const std::string& name) {
    std::vector<std::byte> values;
    for (const engine::ContentTensor& tensor : checkpoint::read_directory(directory).content.tensors) {
        if (tensor.name != name) continue;
        values.resize(static_cast<std::size_t>(tensor.shape[0] * tensor.shape[1]) * sizeof(float));
        tensor.fill(values);
    }
    return values;
}

TEST(Families, TiedWhereLlamaCppWantsAnOutputOfItsOwn) {
    const TemporaryDirectory directory;
    for (const char* family : {"stablelm", "olmo2", "gptneox"}) {  // which have one all the same
        copy_changed(family, {{"tie_word_embeddings", true}}, directory / family);
        const auto own = matrix_of(test::data_file(family, "-tiny"), "output.weight");
        const auto output = matrix_of(directory / family, "output.weight");
        EXPECT_EQ(output, own) << family;
        EXPECT_FALSE(own.empty()) << family;
        EXPECT_NO_THROW((void)Model::load(directory / family)) << family;
    }
}

TEST(Families, TiedToADifferentOutput) {
    const TemporaryDirectory directory;
    copy_changed("llama", {{"tie_word_embeddings", true}}, directory / "llama");
    expect_error(ErrorCode::model, {"lm_head.weight", "differs from model.embed_tokens.weight", "ties it"},
                 [&] { (void)Model::load(directory / "llama"); });
}

// As transformers 5 writes T5 1.1: tied by name, with an output matrix of its own, and unscaled.
TEST(Families, T5WithoutScaleHasAnOutputMatrix) {
    const TemporaryDirectory directory;
    copy_changed("t5gated", {{"tie_word_embeddings", true}, {"scale_decoder_outputs", false}},
                 directory / "own");
    const auto own = matrix_of(test::data_file("t5gated-tiny"), "output.weight");
    EXPECT_EQ(matrix_of(directory / "own", "output.weight"), own);
    EXPECT_NE(matrix_of(directory / "own", "token_embd.weight"), own);
    copy_changed("t5", {{"scale_decoder_outputs", false}}, directory / "tied");
    const auto embeddings = matrix_of(directory / "tied", "token_embd.weight");
    EXPECT_EQ(matrix_of(directory / "tied", "output.weight"), embeddings);
    EXPECT_FALSE(embeddings.empty());
    EXPECT_NO_THROW((void)Model::load(directory / "tied"));
    EXPECT_TRUE(matrix_of(test::data_file("t5-tiny"), "output.weight").empty());
    copy_changed("t5gated", {{"scale_decoder_outputs", true}}, directory / "scaled");
    expect_error(ErrorCode::unsupported, {"scale_decoder_outputs is true", "tie_word_embeddings false"},
                 [&] { (void)Model::load(directory / "scaled"); });
}

TEST(Families, FalconsOldSpellings) {
    const TemporaryDirectory directory;
    copy_changed("falconnew",
                 {{"model_type", "RefinedWeb"},
                  {"num_attention_heads", nullptr},
                  {"n_head", 4},
                  {"num_kv_heads", nullptr},
                  {"n_head_kv", 2},
                  {"num_hidden_layers", nullptr},
                  {"n_layer", 2},
                  {"max_position_embeddings", nullptr},
                  {"ffn_hidden_size", nullptr},
                  {"num_ln_in_parallel_attn", nullptr}},
                 directory / "old");
    const ModelFacts facts = Model::load(directory / "old").facts();
    EXPECT_EQ(facts.heads, 4);
    EXPECT_EQ(facts.kv_heads, 2);
    EXPECT_EQ(facts.context, 2048);
}

// llama.cpp tells by the model's name whether special tokens eat the blanks behind them.
TEST(Families, BlanksBehindSpecialTokensDoNotGoByTheDirectorysName) {
    const TemporaryDirectory directory;
    copy_changed("phi3", nlohmann::json::object(), directory / "renamed");
    copy_changed("smollm3", nlohmann::json::object(), directory / "not-Phi-3");
    copy_changed("olmo2", nlohmann::json::object(), directory / "phi3");
    const Model phi = Model::load(directory / "renamed");
    EXPECT_EQ(phi.tokenize("<|user|>\nHi", false, true), phi.tokenize("<|user|>Hi", false, true));
    for (const char* name : {"not-Phi-3", "phi3"}) {
        const Model other = Model::load(directory / name);
        EXPECT_EQ(other.detokenize(other.tokenize("<|im_start|>\nHi", false, true)), "<|im_start|>\nHi");
    }
}

}  // namespace
}  // namespace llmx
