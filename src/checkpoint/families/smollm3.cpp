// SmolLM3: a Llama of which every fourth block has no rotary embedding.

#include <fmt/format.h>

#include <llmx/error.hpp>

#include "checkpoint/families/llama_like.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"smollm3"};
constexpr std::uint32_t interval = 4;  // fixed in llama.cpp

void check_rotary_blocks(const Object& config, const Hyperparameters& h) {
    const std::vector<float> rotary = config.numbers({"no_rope_layers"});  // 1: with
    if (rotary.empty() && config.integer_or({"no_rope_layer_interval"}, interval) != interval) {
        refuse(config, "no_rope_layer_interval", "every 4th block without rotary embedding");
    }
    for (std::uint32_t block = 0; block < rotary.size(); ++block) {
        const bool without = (block + 1) % interval == 0;
        if (rotary.size() == h.blocks && (rotary[block] == 0.0F) == without) continue;
        refuse(config, "no_rope_layers", "0 for every 4th block and 1 for the others");
    }
}

void hyperparameters(const Object& config, Hyperparameters& h) {
    decoder_hyperparameters(config, h, {.tied_by_default = true});
    check_rotary_blocks(config, h);
    if (config.flag({"use_sliding_window"}, false)) end_context_with_window(config, h);
}

}  // namespace

extern const Family smollm3{types,       "smollm3",      hyperparameters, llama_rows,
                            llama_parts, llama_prefixes, llama_ignored};

}  // namespace llmx::checkpoint::families
