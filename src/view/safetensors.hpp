#pragma once
// A whole result in one safetensors file: its raw tensors, and the rest as JSON in the metadata.

#include <filesystem>
#include <llmx/view.hpp>
#include <string>
#include <string_view>

namespace llmx::view {

/// As the public `safetensors`, with the request besides.
void safetensors(const std::filesystem::path& path, const Explanation& result,
                 const std::string& command_json);

/// The same as bytes.
[[nodiscard]] std::string safetensors_bytes(const Explanation& result, const std::string& command_json);

/// Whether these bytes begin like a safetensors file.
[[nodiscard]] bool is_safetensors(std::string_view bytes);

/// Everything that was in the result. Error messages start with `what`. Throws Error{input} if the bytes are
/// no safetensors file, if it has no result in it, or if its parts do not fit together.
[[nodiscard]] StoredResult read_safetensors(std::string_view bytes, std::string_view what);

}  // namespace llmx::view
