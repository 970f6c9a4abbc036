#pragma once
// Many numbers in few bytes.

#include <nlohmann/json_fwd.hpp>

namespace llmx::view {

/// Replaces lists of at least 32 numbers, and lists of such lists of one length, by {"float32": base64 of
/// little-endian floats, "shape": [n] or [rows, columns]}, where every number is what the shortest digits of
/// a float say: unpacking gives the same floats. About half of the bytes.
void pack(nlohmann::ordered_json& json);

}  // namespace llmx::view
