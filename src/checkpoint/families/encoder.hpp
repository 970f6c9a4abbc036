#pragma once
// What BERT and its relatives share.

#include "checkpoint/family.hpp"

namespace llmx::checkpoint {

/// Sizes, norm epsilon and token types of an encoder, in BERT's and DistilBERT's spellings. The position
/// table's first `h.dims.skip` rows do not count. Throws Error{unsupported} for what llama.cpp's bert lacks.
void encoder_hyperparameters(const Object& config, Hyperparameters& h);

namespace families {

/// Heads of other tasks, the pooler, buffers. `qa_outputs` is kept apart from the model.
inline constexpr std::string_view encoder_ignored[] = {
    "position_ids",      "pooler.",     "cls.",        "lm_head.",        "vocab_transform.",
    "vocab_layer_norm.", "qa_outputs.", "classifier.", "vocab_projector."};

inline constexpr Row bert_rows[] = {
    {"token_embd", "embeddings.word_embeddings"},
    {"position_embd", "embeddings.position_embeddings", nullptr, Presence::required, true},
    {"token_types", "embeddings.token_type_embeddings", nullptr, Presence::required, true},
    {"token_embd_norm", "embeddings.LayerNorm"},
};

inline constexpr Row bert_block[] = {
    {"attn_q", "attention.self.query"},
    {"attn_k", "attention.self.key"},
    {"attn_v", "attention.self.value"},
    {"attn_output", "attention.output.dense"},
    {"attn_output_norm", "attention.output.LayerNorm"},
    {"ffn_up", "intermediate.dense"},
    {"ffn_down", "output.dense"},
    {"layer_output_norm", "output.LayerNorm"},
};
inline constexpr Part bert_parts[] = {{"blk.", "encoder.layer.", bert_block}};

}  // namespace families
}  // namespace llmx::checkpoint
