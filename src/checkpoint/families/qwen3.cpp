// Qwen 3: each head of queries and keys is normalised.

#include "checkpoint/families/llama_like.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"qwen3"};

constexpr Row norms[] = {
    {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"},
};
constexpr Part parts[] = {{"blk.", "layers.", plain_block}, {"blk.", "layers.", norms}};

void hyperparameters(const Object& config, Hyperparameters& h) {
    decoder_hyperparameters(config, h);
    if (config.flag({"use_sliding_window"}, false) &&
        config.integer_or({"max_window_layers"}, 0) < h.blocks) {
        end_context_with_window(config, h);
    }
}

}  // namespace

extern const Family qwen3{types, "qwen3", hyperparameters, llama_rows, parts, llama_prefixes, llama_ignored};

}  // namespace llmx::checkpoint::families
