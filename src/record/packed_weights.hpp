#pragma once
// Attention weights at 8 bits: see AttentionMap.

#include <llmx/view_data.hpp>
#include <span>

namespace llmx::record {

/// Appends a row of weights (not negative) and its step.
void pack_row(std::span<const float> weights, AttentionMap& map);

}  // namespace llmx::record
