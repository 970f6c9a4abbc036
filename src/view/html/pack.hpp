#pragma once
// Many numbers in few bytes.

#include <string>
#include <string_view>

namespace llmx::view {

/// A JSON text with lists of at least 32 numbers, and lists of such lists of one length, replaced by
/// {"float32": base64 of little-endian floats, "shape": [n] or [rows, columns]}, where every number is what
/// the shortest digits of a float say: unpacking gives the same floats. About half of the bytes.
std::string pack(std::string_view json);

}  // namespace llmx::view
