#pragma once
// Base64 (RFC 4648, with padding), and float32 arrays in it, little-endian.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace llmx::view {

std::string base64(std::span<const std::uint8_t> bytes);
/// Nothing where the text is no base64.
std::optional<std::vector<std::uint8_t>> from_base64(const std::string& text);

std::string base64_floats(std::span<const float> values);
/// Nothing where the text is no base64, or of something else than whole, finite numbers.
std::optional<std::vector<float>> floats_from_base64(const std::string& text);

}  // namespace llmx::view
