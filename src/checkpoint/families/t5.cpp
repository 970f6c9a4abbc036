// T5, Flan-T5, mT5: encoder and decoder with relative positions; feed-forward by ReLU, or gated by GELU.

#include <fmt/format.h>

#include <llmx/error.hpp>

#include "checkpoint/family.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"t5", "mt5"};
constexpr std::string_view prefixes[] = {""};
// copies of shared.weight; the cross attention's relative positions, which transformers never reads
constexpr std::string_view ignored[] = {"encoder.embed_tokens.", "decoder.embed_tokens.",
                                        "EncDecAttention.relative_attention_bias."};

constexpr Row rows[] = {
    {"token_embd", "shared"},
    {"enc.output_norm", "encoder.final_layer_norm"},
    {"dec.output_norm", "decoder.final_layer_norm"},
    {"output", "/lm_head"},
};

constexpr Row encoder[] = {
    {"attn_norm", "layer.0.layer_norm"},
    {"attn_q", "layer.0.SelfAttention.q"},
    {"attn_k", "layer.0.SelfAttention.k"},
    {"attn_v", "layer.0.SelfAttention.v"},
    {"attn_o", "layer.0.SelfAttention.o"},
    {"attn_rel_b", "layer.0.SelfAttention.relative_attention_bias", nullptr, Presence::optional},
    {"ffn_norm", "layer.1.layer_norm"},
    {"ffn_up", "layer.1.DenseReluDense.wi", nullptr, Presence::optional},
    {"ffn_gate", "layer.1.DenseReluDense.wi_0", nullptr, Presence::optional},
    {"ffn_up", "layer.1.DenseReluDense.wi_1", nullptr, Presence::optional},
    {"ffn_down", "layer.1.DenseReluDense.wo"},
};

constexpr Row decoder[] = {
    {"attn_norm", "layer.0.layer_norm"},
    {"attn_q", "layer.0.SelfAttention.q"},
    {"attn_k", "layer.0.SelfAttention.k"},
    {"attn_v", "layer.0.SelfAttention.v"},
    {"attn_o", "layer.0.SelfAttention.o"},
    {"attn_rel_b", "layer.0.SelfAttention.relative_attention_bias", nullptr, Presence::optional},
    {"cross_attn_norm", "layer.1.layer_norm"},
    {"cross_attn_q", "layer.1.EncDecAttention.q"},
    {"cross_attn_k", "layer.1.EncDecAttention.k"},
    {"cross_attn_v", "layer.1.EncDecAttention.v"},
    {"cross_attn_o", "layer.1.EncDecAttention.o"},
    {"ffn_norm", "layer.2.layer_norm"},
    {"ffn_up", "layer.2.DenseReluDense.wi", nullptr, Presence::optional},
    {"ffn_gate", "layer.2.DenseReluDense.wi_0", nullptr, Presence::optional},
    {"ffn_up", "layer.2.DenseReluDense.wi_1", nullptr, Presence::optional},
    {"ffn_down", "layer.2.DenseReluDense.wo"},
};

constexpr Part parts[] = {
    {"enc.blk.", "encoder.block.", encoder},
    {"dec.blk.", "decoder.block.", decoder, &Hyperparameters::decoder_blocks},
};

// Tied models scale before the output matrix, others (v1.1, Flan, mT5) do not. transformers 5 says so by
// scale_decoder_outputs and calls all of them tied; the earlier ones went by tie_word_embeddings. An output
// matrix in GGUF means that nothing is scaled.
void read_output(const Object& config, Hyperparameters& h) {
    h.tied = config.flag({"tie_word_embeddings"}, true);
    const bool scaled = config.flag({"scale_decoder_outputs"}, h.tied);
    h.output_needed = !scaled;
    if (scaled && !h.tied) {
        throw Error(ErrorCode::unsupported,
                    config.name() +
                        ": scale_decoder_outputs is true with tie_word_embeddings false; llama.cpp's t5 "
                        "scales only if the embeddings are tied");
    }
}

void hyperparameters(const Object& config, Hyperparameters& h) {
    const std::string kind = config.text_or({"feed_forward_proj"}, "relu");
    if (kind != "relu" && kind != "gated-gelu") {
        throw Error(ErrorCode::unsupported,
                    fmt::format("{}: feed_forward_proj \"{}\"; llama.cpp's t5 supports relu and gated-gelu",
                                config.name(), kind));
    }
    if (config.integer_or({"relative_attention_max_distance"}, 128) != 128) {
        throw Error(
            ErrorCode::unsupported,
            config.name() + ": relative_attention_max_distance is not 128; llama.cpp's t5 supports no other");
    }
    h.blocks = config.integer({"num_layers"}, 1, 512);
    h.decoder_blocks = config.integer_or({"num_decoder_layers"}, h.blocks, 1, 512);
    h.vocabulary = config.integer({"vocab_size"}, 1, 1U << 24U);
    read_output(config, h);
    h.dims.embedding = config.integer({"d_model"}, 1, 1U << 20U);
    h.dims.heads = h.dims.kv_heads = config.integer({"num_heads"}, 1, 1U << 20U);
    h.dims.head_size = config.integer({"d_kv"}, 1, 1U << 20U);
    h.set("block_count", h.blocks);
    h.set("decoder_block_count", h.decoder_blocks);
    h.set("context_length", config.integer_or({"n_positions"}, 512, 1));
    h.set("embedding_length", h.dims.embedding);
    h.set("feed_forward_length", config.integer({"d_ff"}, 1, 1U << 24U));
    h.set("attention.head_count", h.dims.heads);
    h.set("attention.key_length", h.dims.head_size);
    h.set("attention.value_length", h.dims.head_size);
    h.set("attention.layer_norm_epsilon", config.number_or({"layer_norm_epsilon"}, 1e-6F));
    h.set("attention.layer_norm_rms_epsilon", config.number_or({"layer_norm_epsilon"}, 1e-6F));
    h.set("attention.relative_buckets_count", config.integer_or({"relative_attention_num_buckets"}, 32, 2));
    h.set("decoder_start_token_id", config.integer_or({"decoder_start_token_id"}, 0));
}

}  // namespace

extern const Family t5{types, "t5", hyperparameters, rows, parts, prefixes, ignored};

}  // namespace llmx::checkpoint::families
