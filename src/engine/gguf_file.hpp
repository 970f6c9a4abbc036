#pragma once
// A GGUF file checked before llama.cpp sees it.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace llmx::engine {

struct GgufTensor {
    std::string name;                 ///< "blk.0.attn_q.weight"
    std::string type;                 ///< "F32", "Q4_1", ...
    std::vector<std::int64_t> shape;  ///< row-major, without leading ones
};

/// Reads the header and checks that every tensor's data lies inside the file; for a model split into
/// several files, all of them. Returns the tensors in the file's order. Throws Error{model} for a
/// file that is missing, no regular file, no GGUF, truncated or corrupt.
std::vector<GgufTensor> check_gguf(const std::filesystem::path& path);

}  // namespace llmx::engine
