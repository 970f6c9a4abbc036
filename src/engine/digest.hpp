#pragma once

#include <string>
#include <string_view>

namespace llmx::engine {

/// First 16 hex digits of the SHA-256 of these bytes.
std::string sha256_16(std::string_view bytes);

}  // namespace llmx::engine
