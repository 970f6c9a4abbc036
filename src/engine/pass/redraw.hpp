#pragma once
// A model that has forgotten what it learned, from the top down: for the randomisation check of maps
// (Adebayo et al. 2018, cascading).

#include <cstdint>
#include <llmx/model.hpp>

namespace llmx::engine {

/// Puts the values of every weight tensor of the last `blocks` blocks (of each stack, in an
/// encoder-decoder) in a random order, in place, and back into its own type. Which order depends on the seed
/// and the tensor's name alone: more blocks keep what fewer have. The model's weights must be memory of its
/// own. Throws Error{unsupported} for a weight type that ggml cannot write.
void redraw(const Model& model, int blocks, std::uint32_t seed);

}  // namespace llmx::engine
