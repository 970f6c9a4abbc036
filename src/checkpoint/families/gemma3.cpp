// Gemma 3, text: norms of 1 + w, before and after attention and feed-forward; most blocks see a window.

#include <fmt/format.h>

#include <cmath>
#include <llmx/error.hpp>

#include "checkpoint/families/llama_like.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"gemma3_text", "gemma3"};
constexpr std::string_view prefixes[] = {"model.", "language_model.model.", "model.language_model.", ""};
// a checkpoint that sees images too
constexpr std::string_view ignored[] = {"vision_tower.", "multi_modal_projector.", "rotary_emb.inv_freq"};

constexpr Row rows[] = {
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
    {"attn_q_norm", "self_attn.q_norm", plus_one},
    {"attn_k_norm", "self_attn.k_norm", plus_one},
    {"post_attention_norm", "post_attention_layernorm", plus_one},
    {"ffn_norm", "pre_feedforward_layernorm", plus_one},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
    {"post_ffw_norm", "post_feedforward_layernorm", plus_one},
};
constexpr Part parts[] = {{"blk.", "layers.", block}};

void hyperparameters(const Object& whole, Hyperparameters& h) {
    const Object config = whole.has("text_config") ? whole.object({"text_config"}) : whole;
    decoder_hyperparameters(config, h,
                            {.tied_by_default = true, .activations = {"gelu_pytorch_tanh", "gelu_new"}});
    if (config.flag({"use_bidirectional_attention"}, false) || config.has("attn_logit_softcapping")) {
        throw Error(
            ErrorCode::unsupported,
            config.name() + ": bidirectional or soft-capped attention; llama.cpp's gemma3 supports neither");
    }
    // llama.cpp scales by the head's size, in the 27B (62 blocks) by width per head.
    const float scaled_by =
        static_cast<float>(h.blocks == 62 ? h.dims.embedding / h.dims.heads : h.dims.head_size);
    const float wanted = config.number_or({"query_pre_attn_scalar"}, 256.0F);
    if (std::abs(wanted - scaled_by) > 1e-3F * scaled_by) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("{}: query_pre_attn_scalar {}; llama.cpp's gemma3 has {} for this size",
                                config.name(), wanted, scaled_by));
    }
    if (config.has("final_logit_softcapping")) {
        h.set("final_logit_softcapping", config.number({"final_logit_softcapping"}));
    }
    h.set("attention.sliding_window", config.integer_or({"sliding_window"}, 4096));
    h.set("attention.sliding_window_pattern", sliding_blocks(config, h, 6));
    if (!config.object({"rope_parameters"}).has("sliding_attention")) {
        h.set("rope.freq_base_swa", config.number_or({"rope_local_base_freq"}, 10000.0F));
    }
}

}  // namespace

extern const Family gemma3{types, "gemma3", hyperparameters, rows, parts, prefixes, ignored};

}  // namespace llmx::checkpoint::families
