#pragma once
// Choosing modules by name, Hugging Face's or GGUF's.

#include <string>
#include <vector>

#include <llmx/model.hpp>

namespace llmx::engine {

/// Indices of the modules that `pattern` means, ascending. A pattern without dots occurs in a
/// component of one of the module's names ("q_proj", "attn_q", "attn" in "self_attn"); one with dots
/// is a run of whole components ("self_attn.q_proj", "blk.0.attn_q"). `strict`: it is the whole name.
/// Throws Error{usage} naming the pattern and the nearest names where nothing matches.
std::vector<int> match_modules(const std::vector<Module>& modules, const std::string& pattern, bool strict);

}  // namespace llmx::engine
