// GPT-2: learned positions, queries, keys and values in one matrix, matrices stored [in, out].

#include <llmx/error.hpp>

#include "checkpoint/decoder.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"gpt2"};
constexpr std::string_view prefixes[] = {"transformer.", ""};
constexpr std::string_view ignored[] = {".attn.bias", ".attn.masked_bias"};  // the causal mask

constexpr Row rows[] = {
    {"token_embd", "wte"},
    {.gguf = "position_embd", .hf = "wpe", .float32 = true},
    {"output_norm", "ln_f"},
    {"output", "/lm_head"},
};

constexpr Row block[] = {
    {"attn_norm", "ln_1"}, {"attn_qkv", "attn.c_attn", transpose}, {"attn_output", "attn.c_proj", transpose},
    {"ffn_norm", "ln_2"},  {"ffn_up", "mlp.c_fc", transpose},      {"ffn_down", "mlp.c_proj", transpose},
};
constexpr Part parts[] = {{"blk.", "h.", block}};

void hyperparameters(const Object& config, Hyperparameters& h) {
    decoder_hyperparameters(config, h,
                            {.rms_norm = false,
                             .tied_by_default = true,
                             .rotary = false,
                             .activations = {"gelu_new", "gelu_pytorch_tanh", "gelu_fast"}});
    if (!config.flag({"scale_attn_weights"}, true) ||
        config.flag({"scale_attn_by_inverse_layer_idx"}, false)) {
        throw Error(ErrorCode::unsupported,
                    config.name() +
                        ": attention is not scaled by the head size; llama.cpp's gpt2 supports nothing else");
    }
}

}  // namespace

extern const Family gpt2{types, "gpt2", hyperparameters, rows, parts, prefixes, ignored};

}  // namespace llmx::checkpoint::families
