#pragma once
// The JSON result as a document, for pages that hold it. Of this folder alone: other ones may see another
// copy of nlohmann's library.

#include <llmx/view.hpp>
#include <nlohmann/json.hpp>

namespace llmx::view {

/// What `json` writes. Throws as it does, but for text that is not UTF-8.
nlohmann::ordered_json document(const Explanation& result, const JsonContext& context = {});

}  // namespace llmx::view
