// Granite 3: a Llama with multipliers of embedding, attention scores, residual branches and logits.

#include "checkpoint/families/llama_like.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"granite"};

void hyperparameters(const Object& config, Hyperparameters& h) {
    decoder_hyperparameters(config, h);
    for (const auto& [key, gguf] :
         {std::pair("attention_multiplier", "attention.scale"),
          std::pair("embedding_multiplier", "embedding_scale"),
          std::pair("residual_multiplier", "residual_scale"), std::pair("logits_scaling", "logit_scale")}) {
        const float value = config.number_or({key}, 1.0F);
        if (!(value > 0)) refuse(config, key, "a number above 0");  // 0 is llama.cpp's "none"
        h.set(gguf, value);
    }
}

}  // namespace

extern const Family granite{types,       "granite",      hyperparameters, llama_rows,
                            llama_parts, llama_prefixes, llama_ignored};

}  // namespace llmx::checkpoint::families
