#pragma once
// The page's style and script files, embedded at build (src/view/html/*.css, *.js).

#include <string_view>
#include <vector>

namespace llmx::view {

struct Asset {
    std::string_view name;  ///< relative to src/view/html: "shared/core.js", "views/text.js", "page.css"
    std::string_view text;
};

/// In the order in which a page loads them.
const std::vector<Asset>& assets();

}  // namespace llmx::view
