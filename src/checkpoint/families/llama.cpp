// Llama and models built like it: Meta's Llama 1 to 3, SmolLM, TinyLlama, Yi, ...; Mistral.

#include "checkpoint/families/llama_like.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"llama"};

void hyperparameters(const Object& config, Hyperparameters& h) { decoder_hyperparameters(config, h); }

}  // namespace

extern const Family llama{types,       "llama",        hyperparameters, llama_rows,
                          llama_parts, llama_prefixes, llama_ignored};

}  // namespace llmx::checkpoint::families
