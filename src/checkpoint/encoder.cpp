#include "checkpoint/families/encoder.hpp"

#include <fmt/format.h>

#include <llmx/error.hpp>

namespace llmx::checkpoint {

void encoder_hyperparameters(const Object& config, Hyperparameters& h) {
    const std::string activation = config.text_or({"hidden_act", "activation"}, "gelu");
    const std::string positions = config.text_or({"position_embedding_type"}, "absolute");
    if (!activation.starts_with("gelu") || positions != "absolute" || config.flag({"is_decoder"}, false)) {
        throw Error(
            ErrorCode::unsupported,
            fmt::format("{}: activation \"{}\", position_embedding_type \"{}\"; llama.cpp's bert is an "
                        "encoder with gelu and absolute positions",
                        config.name(), activation, positions));
    }
    h.blocks = config.integer({"num_hidden_layers", "n_layers"}, 1, 512);
    h.vocabulary = config.integer({"vocab_size"}, 1, 1U << 24U);
    h.dims.embedding = config.integer({"hidden_size", "dim"}, 1, 1U << 20U);
    h.dims.heads = h.dims.kv_heads = config.integer({"num_attention_heads", "n_heads"}, 1, 1U << 20U);
    if (h.dims.embedding % h.dims.heads != 0) {
        config.fail(
            fmt::format("hidden size {} for {} heads; expected a multiple", h.dims.embedding, h.dims.heads));
    }
    h.dims.head_size = h.dims.embedding / h.dims.heads;
    const std::uint32_t positions_count = config.integer({"max_position_embeddings"}, h.dims.skip + 1);
    h.set("block_count", h.blocks);
    h.set("context_length", positions_count - h.dims.skip);
    h.set("embedding_length", h.dims.embedding);
    h.set("feed_forward_length",
          config.integer_or({"intermediate_size", "hidden_dim"}, 4 * h.dims.embedding, 1, 1U << 24U));
    h.set("attention.head_count", h.dims.heads);
    h.set("attention.layer_norm_epsilon", config.number_or({"layer_norm_eps"}, 1e-12F));
    h.set("attention.causal", false);
    h.values.emplace_back("tokenizer.ggml.token_type_count",
                          config.integer_or({"type_vocab_size"}, 2, 1, 1024));
}

}  // namespace llmx::checkpoint
