#pragma once
// Progress and cancellation of long operations.

#include <functional>
#include <string_view>

namespace llmx {

/// Called with the stage ("load", "generate", "replay", "gradient", ...) and the fraction done, 0 to 1.
/// Return false to cancel: the operation throws Error{cancelled}. May be called from any thread, but never
/// from two at once.
using Progress = std::function<bool(std::string_view stage, double done)>;

}  // namespace llmx
