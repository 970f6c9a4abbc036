#pragma once
// Progress and cancellation of long operations.

#include <functional>
#include <string_view>

namespace llmx {

/// Told the stage ("load", "generate", "replay", "gradient", ...) and the part done, 0 to 1.
/// Returning false cancels: the call in progress throws Error{cancelled}. It may be called from
/// any thread, never from two at once.
using Progress = std::function<bool(std::string_view stage, double done)>;

}  // namespace llmx
