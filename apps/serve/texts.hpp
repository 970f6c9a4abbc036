#pragma once
// Files of this folder, embedded by the build (CMakeLists.txt).

#include <string_view>

namespace llmx::serve {

extern const std::string_view openapi_text;  ///< openapi.json

}  // namespace llmx::serve
