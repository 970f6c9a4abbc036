// Falcon 7B (one key-value head), 40B and 180B (groups, two norms) and Falcon 2 (groups, one norm).

#include "checkpoint/decoder.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"falcon", "RefinedWeb", "RefinedWebModel"};
constexpr std::string_view prefixes[] = {"transformer.", ""};
constexpr std::string_view one_norm = "input_layernorm";
constexpr std::string_view attention_norm = "ln_attn";
constexpr std::string_view feed_forward_norm = "ln_mlp";

constexpr Row outside[] = {
    {"token_embd", "word_embeddings"},
    {"output_norm", "ln_f"},
    {"output", "/lm_head"},
};

constexpr Row block[] = {
    {"attn_norm", one_norm},
    {"attn_norm", feed_forward_norm},  // llama.cpp takes attn_norm for the feed-forward network,
    {"attn_norm_2", attention_norm},   // and for attention only without attn_norm_2
    {"attn_qkv", "self_attention.query_key_value", ungroup_qkv},
    {"attn_output", "self_attention.dense"},
    {"ffn_up", "mlp.dense_h_to_4h"},
    {"ffn_down", "mlp.dense_4h_to_h"},
};

constexpr Part parts[] = {{"blk.", "h.", block}};

// Falcon's spellings, and what they mean together, as the keys that decoders have in common.
Object common_keys(const Object& config, bool grouped) {
    Json json = config.json();
    const auto rename = [&](const char* from, const char* to) {
        if (const Json* value = config.find({from})) json[to] = *value;
    };
    rename("n_head", "num_attention_heads");
    rename("n_head_kv", "num_kv_heads");
    rename("ffn_hidden_size", "intermediate_size");
    rename("activation", "hidden_act");
    // without groups, num_kv_heads is ignored: one head for all queries, or one for each
    if (!grouped && config.flag({"multi_query"}, true)) json["num_kv_heads"] = 1;
    if (!grouped && !config.flag({"multi_query"}, true)) json.erase("num_kv_heads");
    if (!config.has("max_position_embeddings")) json["max_position_embeddings"] = 2048;
    return {std::move(json), config.name()};
}

void hyperparameters(const Object& config, Hyperparameters& h) {
    const bool grouped = config.flag({"new_decoder_architecture"}, false);
    if (config.flag({"alibi"}, false)) refuse(config, "alibi", "false");
    if (config.flag({"bias"}, false)) refuse(config, "bias", "false");
    if (!grouped && !config.flag({"parallel_attn"}, true)) refuse(config, "parallel_attn", "true");

    decoder_hyperparameters(common_keys(config, grouped), h,
                            {.rms_norm = false,
                             .tied_by_default = true,
                             .activations = {"gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh"}});
    const bool two_norms = grouped && config.integer_or({"num_ln_in_parallel_attn"}, 2, 1, 2) == 2;
    if (two_norms) {
        h.absent.push_back(one_norm);
    } else {
        h.absent.insert(h.absent.end(), {feed_forward_norm, attention_norm});
    }
}

}  // namespace

extern const Family falcon{types, "falcon", hyperparameters, outside, parts, prefixes};

}  // namespace llmx::checkpoint::families
