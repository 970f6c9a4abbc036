// RoBERTa: BERT whose positions begin after the padding's, with a byte-level tokenizer.

#include "checkpoint/families/encoder.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"roberta"};
constexpr std::string_view prefixes[] = {"roberta.", ""};

constexpr Row rows[] = {
    {"token_embd", "embeddings.word_embeddings"},
    {"position_embd", "embeddings.position_embeddings", drop_rows, Presence::required, true},
    {"token_types", "embeddings.token_type_embeddings", nullptr, Presence::required, true},
    {"token_embd_norm", "embeddings.LayerNorm"},
};

void hyperparameters(const Object& config, Hyperparameters& h) {
    h.dims.skip = config.integer_or({"pad_token_id"}, 1, 0, 1U << 20U) + 1;
    encoder_hyperparameters(config, h);
}

}  // namespace

extern const Family roberta{types, "bert", hyperparameters, rows, bert_parts, prefixes, encoder_ignored};

}  // namespace llmx::checkpoint::families
