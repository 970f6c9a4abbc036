#pragma once

#include <charconv>

namespace llmx::view {

/// The double that is written with the digits of the float's own shortest form: 0.1F gives 0.1, where
/// a plain conversion would be written as 0.10000000149011612.
inline double shortest(float value) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    double same = 0;
    std::from_chars(digits, end, same);
    return same;
}

}  // namespace llmx::view
