#pragma once
// Leaves that ggml's scheduler inserts into a pass on several back ends: a node reads a copy, named
// "BACKEND#NAME#NUMBER", of what another back end has.

#include <ggml.h>

#include <string_view>

namespace llmx::engine {

bool is_scheduler_copy(const ggml_tensor* tensor);

/// NAME of a copy, truncated if it was too long for ggml; any other tensor's own name.
std::string_view original_name(const ggml_tensor* tensor);

/// Could the copy be one of a tensor of this name?
bool may_copy(const ggml_tensor* copy, std::string_view name);

}  // namespace llmx::engine
