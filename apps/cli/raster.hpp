#pragma once

#include <string>

namespace llmx::cli {

/// An SVG as PNG, `fine` pixels a px, by librsvg and cairo. Throws Error{output}.
std::string png(const std::string& svg, double fine);

}  // namespace llmx::cli
