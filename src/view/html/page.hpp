#pragma once
// A page around the embedded style and scripts.

#include <string>
#include <string_view>
#include <vector>

namespace llmx::view {

/// A script's or style's source for a Content-Security-Policy: 'sha256-…'.
std::string csp_hash(std::string_view text);

/// `json` so that it cannot end a script element: "<" is written \u003c (it stands in strings alone).
std::string inert(std::string json);

struct PageParts {
    std::string title = "LLM Explainer";
    std::string data_json = "{}";  ///< what the script element `data` holds; a JSON text
    /// The application's page: also the files of app/, and it may connect to where it came from.
    bool app = false;
};

/// The whole page: style, data and scripts inline; its Content-Security-Policy allows these and nothing else.
std::string page(const PageParts& parts);

}  // namespace llmx::view
