#pragma once
// The head of a request, before the HTTP library reads it: the library answers 400 to whatever it does not
// like.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "http_error.hpp"

namespace llmx::serve {

constexpr std::size_t longest_head = 64 << 10;  // bytes

/// Bytes of the head that `text` begins with; nothing where its end has not come yet. `searched`: bytes that
/// are known not to contain it.
std::optional<std::size_t> head_size(std::string_view text, std::size_t searched = 0);

/// What a client is told of a head that is too large, or asks for a method or version that nobody has.
std::optional<HttpError> refusal_of(std::string_view head);

/// A whole answer, for a client that the library does not get to see.
std::string answer_of(const HttpError& failure);

}  // namespace llmx::serve
