#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "engine/model/match.hpp"
#include "engine/model/modules.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"

namespace llmx {
namespace {

using engine::hf_name;
using engine::match_modules;
using test::expect_error;

const Module& find(const std::vector<Module>& modules, const std::string& gguf_name) {
    const auto found = std::find_if(modules.begin(), modules.end(),
                                    [&](const Module& m) { return m.gguf_name == gguf_name; });
    if (found == modules.end()) throw std::runtime_error("no module " + gguf_name);
    return *found;
}

std::vector<std::string> hf_names(const std::string& family, int block) {
    std::vector<std::string> names;
    for (const Module& module : Model::load(test::data_file(family, "-tiny.gguf")).modules()) {
        if (module.block == block) names.push_back(module.hf_name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

// The expected names are those in the checkpoints' own model.safetensors.
TEST(Modules, NamesOfTheCheckpoints) {
    const std::vector<std::string> llama = {"model.layers.1.input_layernorm",
                                            "model.layers.1.mlp.down_proj",
                                            "model.layers.1.mlp.gate_proj",
                                            "model.layers.1.mlp.up_proj",
                                            "model.layers.1.post_attention_layernorm",
                                            "model.layers.1.self_attn.k_proj",
                                            "model.layers.1.self_attn.o_proj",
                                            "model.layers.1.self_attn.q_proj",
                                            "model.layers.1.self_attn.v_proj"};
    EXPECT_EQ(hf_names("llama", 1), llama);
    EXPECT_EQ(hf_names("qwen2", 1), llama);
    std::vector<std::string> qwen3 = llama;
    qwen3.insert(qwen3.end(), {"model.layers.1.self_attn.k_norm", "model.layers.1.self_attn.q_norm"});
    std::sort(qwen3.begin(), qwen3.end());
    EXPECT_EQ(hf_names("qwen3", 1), qwen3);
    std::vector<std::string> gemma3 = qwen3;
    gemma3.insert(gemma3.end(),
                  {"model.layers.1.post_feedforward_layernorm", "model.layers.1.pre_feedforward_layernorm"});
    std::sort(gemma3.begin(), gemma3.end());
    EXPECT_EQ(hf_names("gemma3", 1), gemma3);
    EXPECT_EQ(hf_names("gpt2", 0),
              (std::vector<std::string>{"transformer.h.0.attn.c_attn", "transformer.h.0.attn.c_proj",
                                        "transformer.h.0.ln_1", "transformer.h.0.ln_2",
                                        "transformer.h.0.mlp.c_fc", "transformer.h.0.mlp.c_proj"}));
    const auto mixtral = hf_names("mixtral", 0);
    for (const std::string name : {"block_sparse_moe.gate", "block_sparse_moe.experts.*.w1",
                                   "block_sparse_moe.experts.*.w2", "block_sparse_moe.experts.*.w3"}) {
        EXPECT_EQ(std::count(mixtral.begin(), mixtral.end(), "model.layers.0." + name), 1) << name;
    }
    EXPECT_EQ(mixtral.size(), 10u);
}

TEST(Modules, EveryModuleOfEveryFamilyHasBothNames) {
    for (const std::string family :
         {"llama", "llamamha", "qwen2", "qwen3", "gemma3", "gpt2", "mixtral", "bertqa", "t5"}) {
        std::map<std::string, int> seen;
        for (const Module& module : Model::load(test::data_file(family, "-tiny.gguf")).modules()) {
            EXPECT_FALSE(module.hf_name.empty()) << family << " " << module.gguf_name;
            EXPECT_EQ(++seen[module.hf_name], 1) << family << " " << module.hf_name;
        }
        EXPECT_GT(seen.size(), 10u);
    }
}

TEST(Modules, ShapesKindsAndBlocks) {
    const auto llama = Model::load(test::data_file("llama-tiny.gguf")).modules();
    const Module& k = find(llama, "blk.1.attn_k");
    EXPECT_EQ(k.hf_name, "model.layers.1.self_attn.k_proj");
    EXPECT_EQ(k.shape, (std::vector<std::int64_t>{32, 64}));
    EXPECT_EQ(k.kind, "linear");
    EXPECT_EQ(k.type, "F32");
    EXPECT_EQ(k.block, 1);
    EXPECT_EQ(find(llama, "blk.0.attn_norm").kind, "norm");
    EXPECT_EQ(find(llama, "blk.0.attn_norm").shape, std::vector<std::int64_t>{64});
    EXPECT_EQ(find(llama, "token_embd").kind, "embedding");
    EXPECT_EQ(find(llama, "token_embd").shape, (std::vector<std::int64_t>{384, 64}));
    EXPECT_EQ(find(llama, "token_embd").block, -1);
    EXPECT_EQ(find(llama, "output").hf_name, "lm_head");
    const auto mixtral = Model::load(test::data_file("mixtral-tiny.gguf")).modules();
    EXPECT_EQ(find(mixtral, "blk.0.ffn_gate_exps").kind, "experts");
    EXPECT_EQ(find(mixtral, "blk.0.ffn_gate_exps").shape, (std::vector<std::int64_t>{4, 96, 64}));
}

TEST(Modules, OtherLayouts) {
    EXPECT_EQ(hf_name("blk.7.attn_qkv", "phi3"), "model.layers.7.self_attn.qkv_proj");
    EXPECT_EQ(hf_name("blk.7.ffn_up", "phi3"), "model.layers.7.mlp.gate_up_proj");
    EXPECT_EQ(hf_name("blk.12.attn_qkv", "gptneox"), "gpt_neox.layers.12.attention.query_key_value");
    EXPECT_EQ(hf_name("blk.3.attn_output", "falcon"), "transformer.h.3.self_attention.dense");
    EXPECT_EQ(hf_name("blk.0.ffn_gate_exps", "qwen3moe"), "model.layers.0.mlp.experts.*.gate_proj");
    EXPECT_EQ(hf_name("blk.0.ffn_gate_inp", "qwen2moe"), "model.layers.0.mlp.gate");
    EXPECT_EQ(hf_name("dec.blk.1.cross_attn_q", "t5"), "decoder.block.1.layer.1.EncDecAttention.q");
    EXPECT_EQ(hf_name("blk.0.attn_q", "an-unknown-architecture"), "");
    EXPECT_EQ(hf_name("blk.0.no_such_part", "llama"), "");
}

TEST(MatchModules, PatternsByEitherName) {
    const auto modules = Model::load(test::data_file("llama-tiny.gguf")).modules();
    const int blocks = Model::load(test::data_file("llama-tiny.gguf")).facts().blocks;
    const auto names = [&](const std::string& pattern, bool strict = false) {
        std::vector<std::string> found;
        for (const int i : match_modules(modules, pattern, strict)) {
            found.push_back(modules[static_cast<std::size_t>(i)].gguf_name);
        }
        return found;
    };
    EXPECT_EQ(names("q_proj").size(), static_cast<std::size_t>(blocks));
    EXPECT_EQ(names("attn_q"), names("q_proj"));
    EXPECT_EQ(names("self_attn").size(), static_cast<std::size_t>(4 * blocks));
    EXPECT_EQ(names("model.layers.1.self_attn.q_proj"), std::vector<std::string>{"blk.1.attn_q"});
    EXPECT_EQ(names("blk.0.attn_q"), std::vector<std::string>{"blk.0.attn_q"});
    EXPECT_EQ(names("self_attn.q_proj"), names("q_proj"));
    EXPECT_EQ(names("model.layers.0.self_attn.q_proj", true), std::vector<std::string>{"blk.0.attn_q"});
    EXPECT_EQ(names("blk.0.attn_q", true), std::vector<std::string>{"blk.0.attn_q"});
}

TEST(MatchModules, NumbersAreWholeComponents) {
    std::vector<Module> modules(2);
    modules[0].gguf_name = "blk.1.attn_q";
    modules[1].gguf_name = "blk.11.attn_q";
    EXPECT_EQ(match_modules(modules, "blk.1", false), std::vector<int>{0});
    EXPECT_EQ(match_modules(modules, "1", false), std::vector<int>{0});
    EXPECT_EQ(match_modules(modules, "attn_q", false), (std::vector<int>{0, 1}));
}

TEST(MatchModules, NoMatchNamesTheNearest) {
    const auto modules = Model::load(test::data_file("llama-tiny.gguf")).modules();
    expect_error(ErrorCode::usage, {"\"q_prj\"", "nearest: q_proj"},
                 [&] { (void)match_modules(modules, "q_prj", false); });
    expect_error(ErrorCode::usage, {"\"blk.0.atn_q\"", "blk.0.attn_q"},
                 [&] { (void)match_modules(modules, "blk.0.atn_q", false); });
    expect_error(ErrorCode::usage, {"\"q_proj\"", "exactly this name", "nearest"},
                 [&] { (void)match_modules(modules, "q_proj", true); });
    expect_error(ErrorCode::usage, {"empty"}, [&] { (void)match_modules(modules, "", false); });
}

}  // namespace
}  // namespace llmx
