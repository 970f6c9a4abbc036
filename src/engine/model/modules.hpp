#pragma once
// The weights of a model as modules with both their names.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <llmx/model.hpp>
#include "engine/gguf/gguf_file.hpp"

namespace llmx::engine {

/// Weight matrices, embeddings and norms in the file's order; biases and constants are left out.
std::vector<Module> list_modules(std::span<const GgufTensor> tensors, std::string_view architecture);

/// The name that Hugging Face's transformers gives the module `gguf_name` ("blk.0.attn_q") of a model
/// of this architecture ("t5-gated" for T5 1.1, which GGUF calls "t5" too); empty where none is known.
/// Stacked experts have "*" for the expert's number.
std::string hf_name(std::string_view gguf_name, std::string_view architecture);

}  // namespace llmx::engine
