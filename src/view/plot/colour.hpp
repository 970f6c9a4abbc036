#pragma once

#include <string>

namespace llmx::view {

/// The colour of a score as "#rrggbb": `place` in [-1, 1] is the score divided by the scale's end. The same
/// scale as the report's on light paper (html/shared/colour.js): equal steps are equal steps of OKLab
/// lightness, warm above zero, blue below.
std::string score_colour(double place);

/// Black or white, whichever is read better on that colour.
std::string ink_on(double place);

}  // namespace llmx::view
