// Qwen 3 with experts (30B-A3B, 235B-A22B): norms of q and k by head, experts in every block.

#include "checkpoint/families/llama_like.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"qwen3_moe"};

constexpr Row block[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"},
    {"attn_output", "self_attn.o_proj"},
    {"ffn_norm", "post_attention_layernorm"},
    {.gguf = "ffn_gate_inp", .hf = "mlp.gate", .float32 = true},
    {"ffn_gate_exps", "mlp.experts.*.gate_proj"},
    {"ffn_up_exps", "mlp.experts.*.up_proj"},
    {"ffn_down_exps", "mlp.experts.*.down_proj"},
};

constexpr Part parts[] = {{"blk.", "layers.", block}};

void hyperparameters(const Object& config, Hyperparameters& h) {
    // llama.cpp has experts in all blocks, and lets the weights of the chosen ones sum to one
    if (!config.flag({"norm_topk_prob"}, false)) refuse(config, "norm_topk_prob", "true");
    if (config.integer_or({"decoder_sparse_step"}, 1) != 1) refuse(config, "decoder_sparse_step", "1");
    if (const Json* dense = config.find({"mlp_only_layers"}); dense != nullptr && !dense->empty()) {
        refuse(config, "mlp_only_layers", "none");
    }
    decoder_hyperparameters(config, h);
    expert_hyperparameters(config, h);
    h.set("expert_feed_forward_length", config.integer({"moe_intermediate_size"}));
    if (config.flag({"use_sliding_window"}, false)) end_context_with_window(config, h);
}

}  // namespace

extern const Family qwen3moe{types, "qwen3moe",     hyperparameters, llama_rows,
                             parts, llama_prefixes, llama_ignored};

}  // namespace llmx::checkpoint::families
