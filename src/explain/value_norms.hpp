#pragma once
// Which models the method value_norm explains.

#include <llmx/model.hpp>

namespace llmx {

/// True if every attention of the model is a softmax whose result goes straight to an output projection.
bool has_value_norms(const Model& model);

}  // namespace llmx
