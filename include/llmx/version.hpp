#pragma once
// Versions of the library and its dependencies.

#include <string>

namespace llmx {

/// "0.1.0"
std::string version();
/// The library that does the reverse pass's products: "oneDNN 2.6.3", or "plain loops".
std::string products_backend();

}  // namespace llmx
