#pragma once
// Errors and warnings on the terminal. The library names keys of a request; only here they are flags.

#include <string>
#include <string_view>

namespace llmx::cli {

/// A message with the keys that it names as flags: `max_new_tokens` becomes --max-new-tokens.
std::string with_flags(std::string_view message);

/// To standard error, as it is. One that takes nothing (closed, full) is no error.
void say(std::string_view text) noexcept;

/// Prints "llmx: MESSAGE" to standard error, with flags for keys, as one line that is safe for a terminal.
void complain(std::string_view message);

}  // namespace llmx::cli
