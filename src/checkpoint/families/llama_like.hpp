#pragma once
// Names that llama's many relatives share.

#include "checkpoint/decoder.hpp"

namespace llmx::checkpoint::families {

inline constexpr std::string_view llama_prefixes[] = {"model.", ""};
inline constexpr std::string_view llama_ignored[] = {"rotary_emb.inv_freq"};

inline constexpr Row llama_rows[] = {
    {"token_embd", "embed_tokens"},
    {"output_norm", "norm"},
    {"output", "/lm_head"},
};

/// For llama.cpp's "llama", whose rotary embedding turns neighbouring values.
inline constexpr Row llama_block[] = {
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
inline constexpr Part llama_parts[] = {{"blk.", "layers.", llama_block}};

/// For architectures whose rotary embedding llama.cpp runs as Hugging Face does ("neox"): nothing is
/// rearranged.
inline constexpr Row plain_block[] = {
    {"attn_norm", "input_layernorm"},    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},      {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"}, {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},       {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
};
inline constexpr Part plain_parts[] = {{"blk.", "layers.", plain_block}};

}  // namespace llmx::checkpoint::families
