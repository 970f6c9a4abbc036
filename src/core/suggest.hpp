#pragma once
// "Did you mean ...": the known names nearest to an unknown one.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <llmx/error.hpp>

namespace llmx {

/// Edit distance of two names: insertions, deletions, replacements and swaps of neighbours, ASCII
/// case ignored.
int edit_distance(std::string_view a, std::string_view b);

/// At most `count` of the known names, nearest first; ties keep their order.
std::vector<std::string> nearest(std::string_view name, std::span<const std::string> known,
                                 std::size_t count = 1);

/// At most 80 bytes of what a user has written, with "..." where that is not all: for messages.
std::string shortened(std::string_view text);

/// `unknown method "atention"; known: attention, gradient; nearest: attention`. More than 30 known
/// names are not listed.
std::string unknown_message(std::string_view what, std::string_view name, std::span<const std::string> known);

/// Throws Error{code} with `unknown_message`.
[[noreturn]] void throw_unknown(std::string_view what, std::string_view name,
                                std::span<const std::string> known, ErrorCode code = ErrorCode::usage);

}  // namespace llmx
