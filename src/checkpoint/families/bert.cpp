// BERT and MiniLM; with a question-answering head or without.

#include "checkpoint/families/encoder.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"bert"};
constexpr std::string_view prefixes[] = {"bert.", ""};

void hyperparameters(const Object& config, Hyperparameters& h) { encoder_hyperparameters(config, h); }

}  // namespace

extern const Family bert{types, "bert", hyperparameters, bert_rows, bert_parts, prefixes, encoder_ignored};

}  // namespace llmx::checkpoint::families
