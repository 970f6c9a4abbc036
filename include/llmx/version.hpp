#pragma once
// Versions of the library and its dependencies.

#include <string>

#include <llmx/export.hpp>

namespace llmx {

/// The library's version: "0.1.0".
LLMX_API std::string version();
/// The library that computes the reverse pass's matrix products: "oneDNN 2.6.3" or "plain loops".
LLMX_API std::string products_backend();

}  // namespace llmx
