// Mixtral: llama's attention, a mixture of experts in each block.

#include "checkpoint/families/llama_like.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"mixtral"};

constexpr Row block[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj", interleave_q},
    {"attn_k", "self_attn.k_proj", interleave_k},
    {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"},
    {"ffn_norm", "post_attention_layernorm"},
    {.gguf = "ffn_gate_inp", .hf = "block_sparse_moe.gate", .float32 = true},
    {"ffn_gate_exps", "block_sparse_moe.experts.*.w1"},
    {"ffn_down_exps", "block_sparse_moe.experts.*.w2"},
    {"ffn_up_exps", "block_sparse_moe.experts.*.w3"},
};
constexpr Part parts[] = {{"blk.", "layers.", block}};

void hyperparameters(const Object& config, Hyperparameters& h) {
    decoder_hyperparameters(config, h);
    expert_hyperparameters(config, h);
    end_context_with_window(config, h);
}

}  // namespace

extern const Family mixtral{types, "llama",        hyperparameters, llama_rows,
                            parts, llama_prefixes, llama_ignored};

}  // namespace llmx::checkpoint::families
