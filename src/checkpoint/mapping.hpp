#pragma once
// From a family's rows and a checkpoint's weights to GGUF's tensors.

#include "checkpoint/family.hpp"
#include "checkpoint/safetensors.hpp"

namespace llmx::checkpoint {

/// The tensors of a model. Throws Error{model} for a weight that is missing, unused, has a shape that its
/// transform cannot take, or a type other than a float.
std::vector<engine::ContentTensor> map_weights(const Family& family, const Hyperparameters& h,
                                               const Weights& weights);

/// All values of a weight as float32, checked to be finite.
std::vector<float> float32_values(const Weight& weight);

}  // namespace llmx::checkpoint
