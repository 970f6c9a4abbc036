#pragma once
// Low-rank adapters (LoRA) beside a model's weights.

#include <string_view>

#include "engine/model/model_impl.hpp"

namespace llmx::engine {

/// Loads the adapters into `impl`. Throws Error{model} for a file that is no adapter of this model and
/// Error{unsupported} for one that changes what cannot be explained.
void load_adapters(ModelImpl& impl, const std::vector<Lora>& adapters);

/// Applies the model's adapters in a context.
void use_adapters(const ModelImpl& impl, llama_context* context);

/// Is this the name of an adapter's matrix ("blk.0.attn_q.weight.lora_a")?
bool is_adapter(std::string_view tensor);

}  // namespace llmx::engine
