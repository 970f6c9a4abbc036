// StableLM 3B and StableLM 2: partly rotary; the 12B model with a parallel residual and norms of q and k.

#include "checkpoint/families/llama_like.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"stablelm"};
constexpr std::string_view ffn_norm = "post_attention_layernorm";
// one norm for every head
constexpr std::string_view q_norm = "self_attn.q_layernorm.norms.*";
constexpr std::string_view k_norm = "self_attn.k_layernorm.norms.*";

constexpr Row block[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {.gguf = "attn_q_norm", .hf = q_norm, .copies = &Dims::heads},
    {.gguf = "attn_k_norm", .hf = k_norm, .copies = &Dims::kv_heads},
    {"attn_output", "self_attn.o_proj"},
    {"ffn_norm", ffn_norm},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
};

constexpr Part parts[] = {{"blk.", "layers.", block}};

void hyperparameters(const Object& config, Hyperparameters& h) {
    decoder_hyperparameters(config, h, {.rms_norm = false, .rotary_part = 0.25F});
    h.output_needed = true;
    const bool parallel = config.flag({"use_parallel_residual"}, false);
    h.set("use_parallel_residual", parallel);
    if (parallel) h.absent.push_back(ffn_norm);
    if (!config.flag({"qk_layernorm"}, false)) h.absent.insert(h.absent.end(), {q_norm, k_norm});
}

}  // namespace

extern const Family stablelm{types, "stablelm",     hyperparameters, llama_rows,
                             parts, llama_prefixes, llama_ignored};

}  // namespace llmx::checkpoint::families
