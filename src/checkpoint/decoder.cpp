#include "checkpoint/decoder.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <llmx/error.hpp>

namespace llmx::checkpoint {
namespace {

constexpr std::uint32_t most_blocks = 512;    // LLAMA_MAX_LAYERS
constexpr std::uint32_t most_experts = 1024;  // LLAMA_MAX_EXPERTS
constexpr std::uint32_t widest = 1U << 20U;

void check_activation(const Object& config, std::initializer_list<std::string_view> known) {
    const std::string activation =
        config.text_or({"hidden_activation", "hidden_act", "activation_function"}, *known.begin());
    if (std::find(known.begin(), known.end(), activation) != known.end()) return;
    throw Error(ErrorCode::unsupported,
                fmt::format("{}: activation \"{}\"; llama.cpp runs this family with {}", config.name(),
                            activation, fmt::join(known, " or ")));
}

}  // namespace

void decoder_hyperparameters(const Object& config, Hyperparameters& h, const DecoderTraits& traits) {
    h.blocks = config.integer({"num_hidden_layers", "n_layer", "num_layers"}, 1, most_blocks);
    h.vocabulary = config.integer({"vocab_size"}, 1, 1U << 24U);
    h.tied = config.flag({"tie_word_embeddings"}, traits.tied_by_default);
    Dims& dims = h.dims;
    dims.embedding = config.integer({"hidden_size", "n_embd", "d_model"}, 1, widest);
    dims.heads = config.integer({"num_attention_heads", "n_head"}, 1, widest);
    dims.kv_heads = config.integer_or({"num_key_value_heads", "num_kv_heads"}, dims.heads, 1, dims.heads);
    if (dims.heads % dims.kv_heads != 0) {
        config.fail(fmt::format("{} query heads for {} key-value heads; expected a multiple", dims.heads,
                                dims.kv_heads));
    }
    if (config.find({"head_dim"}) == nullptr && dims.embedding % dims.heads != 0) {
        config.fail(
            fmt::format("hidden size {} for {} heads; expected a multiple", dims.embedding, dims.heads));
    }
    dims.head_size = config.integer_or({"head_dim"}, dims.embedding / dims.heads, 1, widest);
    check_activation(config, traits.activations);

    h.set("block_count", h.blocks);
    h.set("context_length", config.integer({"max_position_embeddings", "n_positions", "n_ctx"}));
    h.set("embedding_length", dims.embedding);
    h.set("feed_forward_length",
          config.integer_or({"intermediate_size", "n_inner", "ffn_dim"}, 4 * dims.embedding, 1, 1U << 24U));
    h.set("attention.head_count", dims.heads);
    h.set("attention.head_count_kv", dims.kv_heads);
    h.set("attention.key_length", dims.head_size);
    h.set("attention.value_length", dims.head_size);
    h.set("vocab_size", h.vocabulary);
    if (traits.rms_norm) {
        h.set("attention.layer_norm_rms_epsilon", config.number_or({"rms_norm_eps"}, 1e-6F));
    } else {
        h.set("attention.layer_norm_epsilon",
              config.number_or({"layer_norm_eps", "layer_norm_epsilon", "norm_epsilon"}, 1e-5F));
    }
    if (traits.rotary) rotary_hyperparameters(config, h, traits.rotary_part);
}

void refuse(const Object& config, std::string_view key, std::string_view expected) {
    const Json* value = config.find({key});
    throw Error(ErrorCode::unsupported,
                fmt::format("{}: {} is {}; llama.cpp runs this family with {}", config.name(), key,
                            value == nullptr ? "missing" : shown(*value), expected));
}

void expert_hyperparameters(const Object& config, Hyperparameters& h) {
    h.experts = config.integer({"num_local_experts", "num_experts"}, 1, most_experts);
    h.set("expert_count", h.experts);
    h.set("expert_used_count", config.integer({"num_experts_per_tok"}, 1, h.experts));
}

std::vector<bool> sliding_blocks(const Object& config, const Hyperparameters& h, std::uint32_t pattern) {
    std::vector<bool> sliding;
    for (const std::string& type : config.texts({"layer_types"})) {
        if (type != "sliding_attention" && type != "full_attention") {
            config.fail(
                fmt::format("layer_types has {}; expected sliding_attention or full_attention", shown(type)));
        }
        sliding.push_back(type == "sliding_attention");
    }
    if (sliding.empty()) {
        pattern = config.integer_or({"sliding_window_pattern", "_sliding_window_pattern"}, pattern, 1);
        for (std::uint32_t b = 0; b < h.blocks; ++b) sliding.push_back((b + 1) % pattern != 0);
    }
    if (sliding.size() != h.blocks) {
        config.fail(fmt::format("layer_types for {} blocks; expected {}", sliding.size(), h.blocks));
    }
    return sliding;
}

void end_context_with_window(const Object& config, Hyperparameters& h) {
    if (config.find({"sliding_window"}) == nullptr || !config.flag({"use_sliding_window"}, true)) return;
    const std::uint32_t window = config.integer({"sliding_window"});
    for (auto& [key, value] : h.values) {
        if (key != h.architecture + ".context_length") continue;
        value = std::min(std::get<std::uint32_t>(value), window);
    }
}

}  // namespace llmx::checkpoint
