#pragma once

namespace llmx::view {

/// The version of the result's keys, in JSON and in safetensors alike (definitions section 6).
inline constexpr const char* schema = "llm-explainer/1";

}  // namespace llmx::view
