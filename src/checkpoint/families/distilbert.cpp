// DistilBERT: BERT without token types, under other names.

#include "checkpoint/families/encoder.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"distilbert"};
constexpr std::string_view prefixes[] = {"distilbert.", ""};

constexpr Row rows[] = {
    {"token_embd", "embeddings.word_embeddings"},
    {"position_embd", "embeddings.position_embeddings", nullptr, Presence::required, true},
    {"token_embd_norm", "embeddings.LayerNorm"},
};

constexpr Row block[] = {
    {"attn_q", "attention.q_lin"},
    {"attn_k", "attention.k_lin"},
    {"attn_v", "attention.v_lin"},
    {"attn_output", "attention.out_lin"},
    {"attn_output_norm", "sa_layer_norm"},
    {"ffn_up", "ffn.lin1"},
    {"ffn_down", "ffn.lin2"},
    {"layer_output_norm", "output_layer_norm"},
};
constexpr Part parts[] = {{"blk.", "transformer.layer.", block}};

void hyperparameters(const Object& config, Hyperparameters& h) { encoder_hyperparameters(config, h); }

}  // namespace

extern const Family distilbert{types, "bert", hyperparameters, rows, parts, prefixes, encoder_ignored};

}  // namespace llmx::checkpoint::families
