// Qwen 2 and 2.5: biases on queries, keys and values.

#include "checkpoint/families/llama_like.hpp"

namespace llmx::checkpoint::families {
namespace {

constexpr std::string_view types[] = {"qwen2"};

void hyperparameters(const Object& config, Hyperparameters& h) {
    decoder_hyperparameters(config, h);
    // Only blocks from max_window_layers on have the window, if it is used at all.
    if (config.flag({"use_sliding_window"}, false) &&
        config.integer_or({"max_window_layers"}, 0) < h.blocks) {
        end_context_with_window(config, h);
    }
}

}  // namespace

extern const Family qwen2{types,       "qwen2",        hyperparameters, llama_rows,
                          plain_parts, llama_prefixes, llama_ignored};

}  // namespace llmx::checkpoint::families
