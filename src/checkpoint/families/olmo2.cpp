// OLMo 2: norms after attention and feed-forward instead of before them, and over all of q and k.

#include "checkpoint/families/llama_like.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"olmo2"};

constexpr Row block[] = {
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"},
    {"attn_output", "self_attn.o_proj"},
    {"post_attention_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
    {"post_ffw_norm", "post_feedforward_layernorm"},
};

constexpr Part parts[] = {{"blk.", "layers.", block}};

void hyperparameters(const Object& config, Hyperparameters& h) {
    decoder_hyperparameters(config, h);
    h.output_needed = true;
}

}  // namespace

extern const Family olmo2{types, "olmo2", hyperparameters, llama_rows, parts, llama_prefixes, llama_ignored};

}  // namespace llmx::checkpoint::families
