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
    std::size_t part = 0;             ///< of GgufContent::parts
    std::uint64_t offset = 0;         ///< of its data in that file
    std::uint64_t bytes = 0;
};

struct GgufContent {
    std::vector<GgufTensor> tensors;           ///< in the order of the files
    std::vector<std::filesystem::path> parts;  ///< one file, or all of a model split into several
};

/// Reads the header and checks that every tensor's data lies inside the file; for a model split into
/// several files ("NAME-00001-of-00003.gguf" stands for all), all of them. Throws Error{model} for a file
/// that is missing, not a regular file, not GGUF, truncated, corrupt, or a different part from what its name
/// says.
GgufContent check_gguf(const std::filesystem::path& path);

}  // namespace llmx::engine
