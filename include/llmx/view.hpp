#pragma once
// Shows, writes and reads an Explanation. These functions never change it.

#include <filesystem>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <llmx/export.hpp>
#include <llmx/result.hpp>

namespace llmx::view {

/// What the JSON result contains besides the explanation, and how much of the explanation.
struct JsonContext {
    std::string command_json = "{}";  ///< the request as a JSON object
    bool raw = false;                 ///< also median_raw_df and the raw gradient (large)
};

/// Makes `text` safe for a terminal: control characters (ESC, carriage return, ...) become visible symbols
/// (U+2400...), invalid UTF-8 becomes U+FFFD; newlines and tabs are kept.
[[nodiscard]] LLMX_API std::string printable(std::string_view text);

/// Prints tokens in the original's five colours by score in [0, 1] (docs/definitions.md, section 7), or as
/// plain text if `color` is false, after `printable`. Throws Error{input} if the sizes differ.
LLMX_API void ansi(std::ostream& out, const std::vector<std::string>& tokens, std::span<const float> scores,
                   bool color = true);

/// The same for signed scores in [-1, 1], in five colours: blue below zero, white near zero, red above.
LLMX_API void ansi_signed(std::ostream& out, const std::vector<std::string>& tokens,
                          std::span<const float> scores, bool color = true);

/// The result as JSON in one line, schema llm-explainer/1 (docs/definitions.md, section 6). Throws
/// Error{internal}, naming the key, if a number is not finite.
[[nodiscard]] LLMX_API std::string json(const Explanation& result, const JsonContext& context = {});

/// The content of a JSON result. Writing it again gives the same text.
struct StoredResult {
    /// Complete except for tensors that only the safetensors file contains and, without `raw`, the large
    /// tensors.
    Explanation explanation;
    std::string command_json = "{}";  ///< the request
};

/// Reads a result written by `json`. Error messages start with `what`. Throws Error{input} if the text is not
/// JSON, not a result, has another schema, or if its numbers do not match its units and targets in size.
[[nodiscard]] LLMX_API StoredResult read_json(std::string_view text, std::string_view what);

/// A result for a page, and its display name (a file name).
struct NamedResult {
    std::string name;
    const Explanation& explanation;
    std::string command_json = "{}";  ///< the request
};

/// A self-contained HTML page of one result, or a comparison of two: style, script and data in one file that
/// loads nothing. Throws like `json`, and Error{usage} for no or more than two results.
[[nodiscard]] LLMX_API std::string html(std::span<const NamedResult> results);

/// Writes raw tensors as safetensors (docs/definitions.md, section 6), under a temporary name that is then
/// renamed. Throws Error{output} and leaves an existing file unchanged on failure.
LLMX_API void safetensors(const std::filesystem::path& path, const Explanation& result);

}  // namespace llmx::view
