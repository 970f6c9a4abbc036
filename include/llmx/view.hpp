#pragma once
// Ways to show an Explanation. Views only read; nothing in a result is drawn.

#include <filesystem>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include <llmx/explainer.hpp>

namespace llmx::view {

/// What stands in "command" and "model" of the JSON result.
struct JsonContext {
    std::string command_json = "{}";  ///< the request as a JSON object
    bool raw = false;  ///< also median_raw_df and the raw gradient (large)
};

/// Tokens in the original's five colours by score in [0, 1] (definitions section 7).
/// Sizes must agree. With `color` false: plain text.
void ansi(std::ostream& out, const std::vector<std::string>& tokens, std::span<const float> scores,
          bool color = true);

/// The result as JSON, schema llm-explainer/1 (definitions section 6).
[[nodiscard]] std::string json(const Explanation& result, const Model& model, const JsonContext& context = {});

/// Writes raw tensors as safetensors (definitions section 6). Temporary name, then renamed.
void safetensors(const std::filesystem::path& path, const Explanation& result);

}  // namespace llmx::view
