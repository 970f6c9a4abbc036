#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <utility>

namespace llmx::cli {

/// Throws Error{output} where `path` could not be written to; "-" is standard output.
void require_json_place(const std::string& path);

/// Throws Error{usage} where two of the named files are one: what is written would take the place of what is
/// read, or of what else is written. Empty names and "-" are none.
void require_different(std::span<const std::pair<std::string, std::string>> files);

/// Writes `text` to a file, or ("-") to standard output.
void write_text(const std::string& path, const std::string& text);

/// Writes `json`, indented, to a file or ("-") to standard output. What is no UTF-8 in a model file's
/// own texts becomes U+FFFD.
void write_json(const std::string& path, const nlohmann::ordered_json& json);

}  // namespace llmx::cli
