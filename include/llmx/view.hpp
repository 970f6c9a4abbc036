#pragma once
// Ways to show an Explanation. Views only read; nothing in a result is drawn.

#include <filesystem>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <llmx/result.hpp>

namespace llmx::view {

/// What stands in "command" and "model" of the JSON result.
struct JsonContext {
    std::string command_json = "{}";  ///< the request as a JSON object
    bool raw = false;                 ///< also median_raw_df and the raw gradient (large)
};

/// `text` made safe for a terminal: control characters (ESC, carriage return, ...) become their
/// visible pictures U+2400..., invalid UTF-8 becomes U+FFFD; newlines and tabs stay.
[[nodiscard]] std::string printable(std::string_view text);

/// Tokens in the original's five colours by score in [0, 1] (definitions section 7).
/// Sizes must agree, else Error{input}. With `color` false: plain text. Both as `printable` makes it.
void ansi(std::ostream& out, const std::vector<std::string>& tokens, std::span<const float> scores,
          bool color = true);

/// The same of signed scores in [-1, 1], in five colours: blue below zero, white near it, red above.
void ansi_signed(std::ostream& out, const std::vector<std::string>& tokens, std::span<const float> scores,
                 bool color = true);

/// The result as JSON, schema llm-explainer/1 (definitions section 6), in one line. Throws
/// Error{internal} that names the key where a number is not finite.
[[nodiscard]] std::string json(const Explanation& result, const Model& model,
                               const JsonContext& context = {});

/// What a JSON result holds.
struct StoredResult {
    std::string model;         ///< file name
    std::string model_sha256;  ///< its first 16 hex digits
    std::string command_json;  ///< the request
    /// As it was written, but for the large tensors (`raw`, and what only the safetensors file has).
    Explanation explanation;
};

/// Reads what `json` wrote. `what` starts the messages. Throws Error{input} for a text that is no JSON, no
/// result, of another schema, or whose numbers are not as many as its units and targets say.
[[nodiscard]] StoredResult read_json(std::string_view text, std::string_view what);

/// A JSON result, and what the reader knows it by (its file's name).
struct NamedResult {
    std::string name;
    std::string json;
};

/// One self-contained HTML page of a result, or of two to be compared: style, script and data in one file
/// that loads nothing from elsewhere. Throws as `read_json` does, and Error{usage} for none or more than two.
[[nodiscard]] std::string html(std::span<const NamedResult> results);

/// Writes raw tensors as safetensors (definitions section 6). Temporary name, then renamed.
/// Throws Error{output}; a file that was there before is then untouched.
void safetensors(const std::filesystem::path& path, const Explanation& result);

}  // namespace llmx::view
