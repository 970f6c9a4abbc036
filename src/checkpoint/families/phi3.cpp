// Phi-3, 3.5 and 4: q, k and v in one matrix, gate and up in another; long contexts by "longrope".

#include "checkpoint/families/llama_like.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"phi3"};

constexpr Row block[] = {
    {"attn_norm", "input_layernorm"},    {"attn_qkv", "self_attn.qkv_proj"},
    {"attn_output", "self_attn.o_proj"}, {"ffn_norm", "post_attention_layernorm"},
    {"ffn_up", "mlp.gate_up_proj"},      {"ffn_down", "mlp.down_proj"},
};

constexpr Part parts[] = {{"blk.", "layers.", block}};

void hyperparameters(const Object& config, Hyperparameters& h) {
    decoder_hyperparameters(config, h);
    end_context_with_window(config, h);  // llama.cpp's Phi-3 ignores the window
}

}  // namespace

extern const Family phi3{types, "phi3", hyperparameters, llama_rows, parts, llama_prefixes, llama_ignored};

}  // namespace llmx::checkpoint::families
