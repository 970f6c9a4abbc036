#pragma once
// The part "views" of a JSON result (definitions 8).

#include <llmx/view_data.hpp>

#include "view/json_parts.hpp"
#include "view/json_place.hpp"

namespace llmx::view {

Json views(const ViewData& data);

/// Throws Error{input} that names the place for what does not fit together.
ViewData read_views(const Place& place);

}  // namespace llmx::view
