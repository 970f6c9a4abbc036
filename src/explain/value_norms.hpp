#pragma once
// What the graph of a model's pass tells about its attention.

#include <llmx/model.hpp>

namespace llmx {

/// True if every attention of the model is a softmax whose result goes straight to an output projection.
bool has_value_norms(const Model& model);

/// Does the model have softmax attention at all?
bool has_softmax_attention(const Model& model);

}  // namespace llmx
