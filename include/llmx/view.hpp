#pragma once
// Ways to show an Explanation. Views only read; nothing in a result is drawn.

#include <filesystem>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <llmx/export.hpp>
#include <llmx/result.hpp>

namespace llmx::view {

/// What the JSON result holds besides the explanation, and how much of that.
struct JsonContext {
    std::string command_json = "{}";  ///< the request as a JSON object
    bool raw = false;                 ///< also median_raw_df and the raw gradient (large)
};

/// `text` made safe for a terminal: control characters (ESC, carriage return, ...) become their
/// visible pictures U+2400..., invalid UTF-8 becomes U+FFFD; newlines and tabs stay.
[[nodiscard]] LLMX_API std::string printable(std::string_view text);

/// Tokens in the original's five colours by score in [0, 1] (definitions section 7).
/// Sizes must agree, else Error{input}. With `color` false: plain text. Both as `printable` makes it.
LLMX_API void ansi(std::ostream& out, const std::vector<std::string>& tokens, std::span<const float> scores,
                   bool color = true);

/// The same of signed scores in [-1, 1], in five colours: blue below zero, white near it, red above.
LLMX_API void ansi_signed(std::ostream& out, const std::vector<std::string>& tokens,
                          std::span<const float> scores, bool color = true);

/// The result as JSON, schema llm-explainer/1 (definitions section 6), in one line. Throws
/// Error{internal} that names the key where a number is not finite.
[[nodiscard]] LLMX_API std::string json(const Explanation& result, const JsonContext& context = {});

/// What a JSON result holds. Written again, it gives the same text.
struct StoredResult {
    /// Complete but for what only the safetensors file has and, without `raw`, the large tensors.
    Explanation explanation;
    std::string command_json = "{}";  ///< the request
};

/// Reads what `json` wrote. `what` starts the messages. Throws Error{input} for a text that is no JSON, no
/// result, of another schema, or whose numbers are not as many as its units and targets say.
[[nodiscard]] LLMX_API StoredResult read_json(std::string_view text, std::string_view what);

/// A result for a page, and what the reader knows it by (its file's name).
struct NamedResult {
    std::string name;
    const Explanation& explanation;
    std::string command_json = "{}";  ///< the request
};

/// One self-contained HTML page of a result, or of two to be compared: style, script and data in one file
/// that loads nothing from elsewhere. Throws as `json` does, and Error{usage} for none or more than two.
[[nodiscard]] LLMX_API std::string html(std::span<const NamedResult> results);

/// Writes raw tensors as safetensors (definitions section 6). Temporary name, then renamed.
/// Throws Error{output}; a file that was there before is then untouched.
LLMX_API void safetensors(const std::filesystem::path& path, const Explanation& result);

}  // namespace llmx::view
