// Hugging Face's names of GGUF's modules. A layout is how one family of transformers' model files
// names things; architectures that share it are listed with it, and what differs stands in an
// overlay that is asked first. Source: the mapping of llama.cpp's converter (gguf-py).

#include <algorithm>
#include <span>

#include "engine/model/modules.hpp"

namespace llmx::engine {
namespace {

struct Row {
    std::string_view gguf;  // what follows "blk.N.", or a whole name
    std::string_view hf;    // what follows the block's prefix, or a whole name
};

constexpr Row llama_rows[] = {
    {"token_embd", "model.embed_tokens"},
    {"output_norm", "model.norm"},
    {"output", "lm_head"},
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"},
    {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
    {"post_attention_norm", "post_attention_layernorm"},
    {"post_ffw_norm", "post_feedforward_layernorm"},
    {"ffn_gate_inp", "mlp.gate"},
    {"ffn_gate_exps", "mlp.experts.*.gate_proj"},
    {"ffn_up_exps", "mlp.experts.*.up_proj"},
    {"ffn_down_exps", "mlp.experts.*.down_proj"},
};
constexpr Row mixtral_rows[] = {
    // experts in a file of architecture "llama", and phimoe
    {"ffn_gate_inp", "block_sparse_moe.gate"},
    {"ffn_gate_exps", "block_sparse_moe.experts.*.w1"},
    {"ffn_up_exps", "block_sparse_moe.experts.*.w3"},
    {"ffn_down_exps", "block_sparse_moe.experts.*.w2"},
};
constexpr Row qwen_moe_rows[] = {
    {"ffn_gate_inp_shexp", "mlp.shared_expert_gate"},
    {"ffn_gate_shexp", "mlp.shared_expert.gate_proj"},
    {"ffn_up_shexp", "mlp.shared_expert.up_proj"},
    {"ffn_down_shexp", "mlp.shared_expert.down_proj"},
};
constexpr Row deepseek_rows[] = {
    {"attn_q_a", "self_attn.q_a_proj"},
    {"attn_q_b", "self_attn.q_b_proj"},
    {"attn_kv_a_mqa", "self_attn.kv_a_proj_with_mqa"},
    {"attn_kv_b", "self_attn.kv_b_proj"},
    {"attn_q_a_norm", "self_attn.q_a_layernorm"},
    {"attn_kv_a_norm", "self_attn.kv_a_layernorm"},
    {"ffn_gate_shexp", "mlp.shared_experts.gate_proj"},
    {"ffn_up_shexp", "mlp.shared_experts.up_proj"},
    {"ffn_down_shexp", "mlp.shared_experts.down_proj"},
};
constexpr Row gemma_rows[] = {{"ffn_norm", "pre_feedforward_layernorm"}};
constexpr Row glm4_rows[] = {
    {"post_attention_norm", "post_self_attn_layernorm"},
    {"post_ffw_norm", "post_mlp_layernorm"},
    {"ffn_up", "mlp.gate_up_proj"},
};
constexpr Row phi3_rows[] = {{"attn_qkv", "self_attn.qkv_proj"}, {"ffn_up", "mlp.gate_up_proj"}};
constexpr Row phi2_rows[] = {
    {"token_embd", "model.embed_tokens"},
    {"output_norm", "model.final_layernorm"},
    {"output", "lm_head"},
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.dense"},
    {"ffn_up", "mlp.fc1"},
    {"ffn_down", "mlp.fc2"},
};
constexpr Row starcoder2_rows[] = {{"ffn_up", "mlp.c_fc"}, {"ffn_down", "mlp.c_proj"}};
constexpr Row gpt_oss_rows[] = {
    {"ffn_gate_inp", "mlp.router"}, {"ffn_gate_exps", ""}, {"ffn_up_exps", ""}, {"ffn_down_exps", ""}};
constexpr Row gpt2_rows[] = {
    {"token_embd", "transformer.wte"},
    {"position_embd", "transformer.wpe"},
    {"output_norm", "transformer.ln_f"},
    {"output", "lm_head"},
    {"attn_norm", "ln_1"},
    {"attn_qkv", "attn.c_attn"},
    {"attn_output", "attn.c_proj"},
    {"ffn_norm", "ln_2"},
    {"ffn_up", "mlp.c_fc"},
    {"ffn_down", "mlp.c_proj"},
};
constexpr Row gpt_neox_rows[] = {
    {"token_embd", "gpt_neox.embed_in"},
    {"output_norm", "gpt_neox.final_layer_norm"},
    {"output", "embed_out"},
    {"attn_norm", "input_layernorm"},
    {"attn_qkv", "attention.query_key_value"},
    {"attn_output", "attention.dense"},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_up", "mlp.dense_h_to_4h"},
    {"ffn_down", "mlp.dense_4h_to_h"},
};
constexpr Row falcon_rows[] = {
    // norms are left out: they differ between the 7B and the 40B
    {"token_embd", "transformer.word_embeddings"},
    {"output_norm", "transformer.ln_f"},
    {"output", "lm_head"},
    {"attn_qkv", "self_attention.query_key_value"},
    {"attn_output", "self_attention.dense"},
    {"ffn_up", "mlp.dense_h_to_4h"},
    {"ffn_down", "mlp.dense_4h_to_h"},
};
constexpr Row bloom_rows[] = {
    {"token_embd_norm", "transformer.word_embeddings_layernorm"},
    {"attn_norm", "input_layernorm"},
    {"ffn_norm", "post_attention_layernorm"},
};
constexpr Row mpt_rows[] = {
    {"token_embd", "transformer.wte"},
    {"output_norm", "transformer.norm_f"},
    {"output", "lm_head"},
    {"attn_norm", "norm_1"},
    {"attn_qkv", "attn.Wqkv"},
    {"attn_output", "attn.out_proj"},
    {"ffn_norm", "norm_2"},
    {"ffn_up", "ffn.up_proj"},
    {"ffn_down", "ffn.down_proj"},
};
constexpr Row bert_rows[] = {
    {"token_embd", "embeddings.word_embeddings"},
    {"position_embd", "embeddings.position_embeddings"},
    {"token_types", "embeddings.token_type_embeddings"},
    {"token_embd_norm", "embeddings.LayerNorm"},
    {"attn_q", "attention.self.query"},
    {"attn_k", "attention.self.key"},
    {"attn_v", "attention.self.value"},
    {"attn_output", "attention.output.dense"},
    {"attn_output_norm", "attention.output.LayerNorm"},
    {"ffn_up", "intermediate.dense"},
    {"ffn_down", "output.dense"},
    {"layer_output_norm", "output.LayerNorm"},
};
constexpr Row t5_rows[] = {
    {"token_embd", "shared"},
    {"output", "lm_head"},
    {"enc.output_norm", "encoder.final_layer_norm"},
    {"dec.output_norm", "decoder.final_layer_norm"},
};
constexpr Row t5_plain_encoder_rows[] = {{"ffn_up", "layer.1.DenseReluDense.wi"}};
constexpr Row t5_plain_decoder_rows[] = {{"ffn_up", "layer.2.DenseReluDense.wi"}};
constexpr Row t5_gated_encoder_rows[] = {{"ffn_gate", "layer.1.DenseReluDense.wi_0"},
                                         {"ffn_up", "layer.1.DenseReluDense.wi_1"}};
constexpr Row t5_gated_decoder_rows[] = {{"ffn_gate", "layer.2.DenseReluDense.wi_0"},
                                         {"ffn_up", "layer.2.DenseReluDense.wi_1"}};
constexpr Row t5_encoder_rows[] = {
    {"attn_norm", "layer.0.layer_norm"},   {"attn_q", "layer.0.SelfAttention.q"},
    {"attn_k", "layer.0.SelfAttention.k"}, {"attn_v", "layer.0.SelfAttention.v"},
    {"attn_o", "layer.0.SelfAttention.o"}, {"attn_rel_b", "layer.0.SelfAttention.relative_attention_bias"},
    {"ffn_norm", "layer.1.layer_norm"},    {"ffn_down", "layer.1.DenseReluDense.wo"},
};
constexpr Row t5_decoder_rows[] = {
    {"cross_attn_norm", "layer.1.layer_norm"},     {"cross_attn_q", "layer.1.EncDecAttention.q"},
    {"cross_attn_k", "layer.1.EncDecAttention.k"}, {"cross_attn_v", "layer.1.EncDecAttention.v"},
    {"cross_attn_o", "layer.1.EncDecAttention.o"}, {"ffn_norm", "layer.2.layer_norm"},
    {"ffn_down", "layer.2.DenseReluDense.wo"},
};

struct Layout {
    std::span<const std::string_view> architectures;
    std::string_view block;     // GGUF's block prefix before the number
    std::string_view hf_block;  // Hugging Face's
    std::span<const Row> rows;
};

constexpr std::string_view llama_like[] = {
    "llama",   "mistral3", "qwen2",     "qwen2vl",    "qwen2moe", "qwen3",        "qwen3moe",
    "gemma",   "gemma2",   "gemma3",    "phi3",       "phimoe",   "smollm3",      "olmo",
    "olmo2",   "olmoe",    "stablelm",  "starcoder2", "minicpm",  "granite",      "command-r",
    "cohere2", "deepseek", "deepseek2", "exaone4",    "glm4",     "ernie4_5",     "seed_oss",
    "arcee",   "gpt-oss",  "xverse",    "nemotron",   "dots1",    "hunyuan-dense"};
constexpr std::string_view mixtral_like[] = {"llama", "phimoe"};
constexpr std::string_view qwen_moe[] = {"qwen2moe", "qwen3moe"};
constexpr std::string_view deepseek[] = {"deepseek", "deepseek2", "dots1"};
constexpr std::string_view gemma[] = {"gemma2", "gemma3"};
constexpr std::string_view glm4[] = {"glm4"};
constexpr std::string_view phi3[] = {"phi3"};
constexpr std::string_view phi2[] = {"phi2"};
constexpr std::string_view starcoder2[] = {"starcoder2"};
constexpr std::string_view gpt_oss[] = {"gpt-oss"};
constexpr std::string_view gpt2[] = {"gpt2", "starcoder"};
constexpr std::string_view gpt_neox[] = {"gptneox"};
constexpr std::string_view falcon_like[] = {"falcon", "bloom"};
constexpr std::string_view bloom[] = {"bloom"};
constexpr std::string_view mpt[] = {"mpt"};
constexpr std::string_view bert[] = {"bert"};
constexpr std::string_view t5[] = {"t5", "t5-gated"};
constexpr std::string_view t5_plain[] = {"t5"};
constexpr std::string_view t5_gated[] = {"t5-gated"};

// Overlays stand before what they lie over.
constexpr Layout layouts[] = {
    {mixtral_like, "blk.", "model.layers.", mixtral_rows},
    {qwen_moe, "blk.", "model.layers.", qwen_moe_rows},
    {deepseek, "blk.", "model.layers.", deepseek_rows},
    {gemma, "blk.", "model.layers.", gemma_rows},
    {glm4, "blk.", "model.layers.", glm4_rows},
    {phi3, "blk.", "model.layers.", phi3_rows},
    {starcoder2, "blk.", "model.layers.", starcoder2_rows},
    {gpt_oss, "blk.", "model.layers.", gpt_oss_rows},
    {llama_like, "blk.", "model.layers.", llama_rows},
    {phi2, "blk.", "model.layers.", phi2_rows},
    {gpt2, "blk.", "transformer.h.", gpt2_rows},
    {gpt_neox, "blk.", "gpt_neox.layers.", gpt_neox_rows},
    {bloom, "blk.", "transformer.h.", bloom_rows},
    {falcon_like, "blk.", "transformer.h.", falcon_rows},
    {mpt, "blk.", "transformer.blocks.", mpt_rows},
    {bert, "blk.", "encoder.layer.", bert_rows},
    {t5_plain, "enc.blk.", "encoder.block.", t5_plain_encoder_rows},
    {t5_plain, "dec.blk.", "decoder.block.", t5_plain_decoder_rows},
    {t5_gated, "enc.blk.", "encoder.block.", t5_gated_encoder_rows},
    {t5_gated, "dec.blk.", "decoder.block.", t5_gated_decoder_rows},
    {t5, "enc.blk.", "encoder.block.", t5_encoder_rows},
    {t5, "dec.blk.", "decoder.block.", t5_decoder_rows},
    {t5, "dec.blk.", "decoder.block.", t5_encoder_rows},
    {t5, "", "", t5_rows},
};

}  // namespace

std::string hf_name(std::string_view gguf_name, std::string_view architecture) {
    for (const Layout& layout : layouts) {
        const auto& known = layout.architectures;
        if (std::find(known.begin(), known.end(), architecture) == known.end()) continue;
        const bool in_block = !layout.block.empty() && gguf_name.starts_with(layout.block);
        std::string_view number, suffix = gguf_name;
        if (in_block) {
            const std::size_t dot = gguf_name.find('.', layout.block.size());
            if (dot == std::string_view::npos) continue;
            number = gguf_name.substr(layout.block.size(), dot - layout.block.size());
            suffix = gguf_name.substr(dot + 1);
        }
        for (const Row& row : layout.rows) {
            if (row.gguf != suffix) continue;
            if (!in_block || row.hf.empty()) return std::string(row.hf);
            return std::string(layout.hf_block) + std::string(number) + "." + std::string(row.hf);
        }
    }
    return {};
}

}  // namespace llmx::engine
