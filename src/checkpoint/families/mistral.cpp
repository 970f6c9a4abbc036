// Mistral: llama with a sliding window, which llama.cpp's llama does not have.

#include "checkpoint/families/llama_like.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"mistral"};

void hyperparameters(const Object& config, Hyperparameters& h) {
    decoder_hyperparameters(config, h);
    end_context_with_window(config, h);
}

}  // namespace

extern const Family mistral{types,       "llama",        hyperparameters, llama_rows,
                            llama_parts, llama_prefixes, llama_ignored};

}  // namespace llmx::checkpoint::families
