// GPT-NeoX and Pythia: q, k and v of each head together in one matrix, parallel or sequential residual.

#include "checkpoint/decoder.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"gpt_neox"};
constexpr std::string_view prefixes[] = {"gpt_neox.", ""};
constexpr std::string_view ignored[] = {"attention.bias", "attention.masked_bias", "rotary_emb.inv_freq"};

constexpr Row outside[] = {
    {"token_embd", "embed_in"},
    {"output_norm", "final_layer_norm"},
    {"output", "/embed_out"},
};

constexpr Row block[] = {
    {"attn_norm", "input_layernorm"},   {"attn_qkv", "attention.query_key_value", ungroup_qkv},
    {"attn_output", "attention.dense"}, {"ffn_norm", "post_attention_layernorm"},
    {"ffn_up", "mlp.dense_h_to_4h"},    {"ffn_down", "mlp.dense_4h_to_h"},
};

constexpr Part parts[] = {{"blk.", "layers.", block}};

void hyperparameters(const Object& config, Hyperparameters& h) {
    if (!config.flag({"attention_bias"}, true)) refuse(config, "attention_bias", "true");
    decoder_hyperparameters(config, h,
                            {.rms_norm = false,
                             .rotary_part = 0.25F,
                             .activations = {"gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh"}});
    h.output_needed = true;
    h.set("use_parallel_residual", config.flag({"use_parallel_residual"}, true));
}

}  // namespace

extern const Family gptneox{types, "gptneox", hyperparameters, outside, parts, prefixes, ignored};

}  // namespace llmx::checkpoint::families
