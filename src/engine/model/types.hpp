#pragma once
// Names of the weight types, as llama.cpp's tools name them.

#include <llama.h>

#include <string>
#include <string_view>
#include <vector>

namespace llmx::engine {

/// "Q4_K_M" for LLAMA_FTYPE_MOSTLY_Q4_K_M, ...; llama.cpp's own description where it is unknown here.
std::string type_name(llama_ftype type);

/// The type of a name that `quantize` takes, in any case. Throws Error{usage} naming the nearest.
llama_ftype quantize_type(std::string_view name);

}  // namespace llmx::engine
