#pragma once
// Leaves that ggml's scheduler puts into a pass on several back ends: where a node reads what another back
// end has, it reads a copy, named "BACKEND#NAME#NUMBER".

#include <ggml.h>

#include <string_view>

namespace llmx::engine {

bool is_scheduler_copy(const ggml_tensor* tensor);

/// NAME of a copy, cut where it was too long for ggml; of every other tensor its own.
std::string_view original_name(const ggml_tensor* tensor);

/// Could the copy be one of a tensor of this name?
bool may_copy(const ggml_tensor* copy, std::string_view name);

}  // namespace llmx::engine
