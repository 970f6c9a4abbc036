// Llama and what is built like it: Meta's Llama 1 to 3, SmolLM, TinyLlama, Yi, ...

#include "checkpoint/decoder.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"llama"};
constexpr std::string_view prefixes[] = {"model.", ""};
constexpr std::string_view ignored[] = {"rotary_emb.inv_freq"};

constexpr Row rows[] = {
    {"token_embd", "embed_tokens"},
    {"output_norm", "norm"},
    {"output", "/lm_head"},
};

constexpr Row block[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj", interleave_q},
    {"attn_k", "self_attn.k_proj", interleave_k},
    {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
};

constexpr Part parts[] = {{"blk.", "layers.", block}};

void hyperparameters(const Object& config, Hyperparameters& h) { decoder_hyperparameters(config, h); }

}  // namespace

extern const Family llama{types, "llama", hyperparameters, rows, parts, prefixes, ignored};

}  // namespace llmx::checkpoint::families
