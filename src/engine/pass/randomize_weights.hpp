#pragma once
// Randomises a model's weights from the top block down, for the cascading sanity check of saliency maps
// (Adebayo et al. 2018).

#include <cstdint>
#include <llmx/model.hpp>

namespace llmx::engine {

/// Shuffles the values of every weight tensor of the last `blocks` blocks (of each stack, in an
/// encoder-decoder), in place and in the tensor's own type. The order depends only on the seed and the
/// tensor's name, so more blocks include the result of fewer. The model must own its weights' memory. Throws
/// Error{unsupported} for a weight type that ggml cannot write.
void randomize_weights(const Model& model, int blocks, std::uint32_t seed);

}  // namespace llmx::engine
