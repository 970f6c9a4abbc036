// Gemma 2: soft-capped attention and logits, a sliding window in every other block, norms before and after.

#include <llmx/error.hpp>

#include "checkpoint/families/llama_like.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"gemma2"};

constexpr Row outside[] = {
    {"token_embd", "embed_tokens"},
    {"output_norm", "norm", plus_one},
    {"output", "/lm_head"},
};

constexpr Row block[] = {
    {"attn_norm", "input_layernorm", plus_one},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"},
    {"post_attention_norm", "post_attention_layernorm", plus_one},
    {"ffn_norm", "pre_feedforward_layernorm", plus_one},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
    {"post_ffw_norm", "post_feedforward_layernorm", plus_one},
};

constexpr Part parts[] = {{"blk.", "layers.", block}};

// Values that are fixed in llama.cpp.
void check(const Object& config, const Hyperparameters& h) {
    if (!h.tied) refuse(config, "tie_word_embeddings", "true");
    // the scale of attention scores: by head size, and in the 27B model (46 blocks) by embedding and heads
    const std::uint32_t scale = h.blocks == 46 ? h.dims.embedding / h.dims.heads : h.dims.head_size;
    if (config.number_or({"query_pre_attn_scalar"}, 256.0F) != static_cast<float>(scale)) {
        refuse(config, "query_pre_attn_scalar", std::to_string(scale));
    }
    const std::vector<std::string> kinds = config.texts({"layer_types"});
    for (std::size_t b = 0; b < kinds.size(); ++b) {
        const char* kind = b % 2 == 0 ? "sliding_attention" : "full_attention";
        if (kinds[b] != kind) refuse(config, "layer_types", "alternating sliding and full attention");
    }
    if (config.flag({"use_bidirectional_attention"}, false)) {
        refuse(config, "use_bidirectional_attention", "false");
    }
}

void hyperparameters(const Object& config, Hyperparameters& h) {
    decoder_hyperparameters(config, h, {.tied_by_default = true, .activations = {"gelu_pytorch_tanh"}});
    check(config, h);
    for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping"}) {
        const float cap = config.number_or({key}, 0.0F);
        if (!(cap > 0)) refuse(config, key, "a number above 0");
        h.set(key, cap);
    }
    h.set("attention.sliding_window", config.integer({"sliding_window"}));
}

}  // namespace

extern const Family gemma2{types, "gemma2", hyperparameters, outside, parts, llama_prefixes, llama_ignored};

}  // namespace llmx::checkpoint::families
