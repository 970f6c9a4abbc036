#pragma once
// The weights of GGUF files, mapped read-only: as the file stores them, where llama.cpp's own copies are on
// servers or in another layout.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/gguf/gguf_file.hpp"

struct ggml_tensor;

namespace llmx::engine {

class MappedWeights {
public:
    /// Throws Error{model} for a file that cannot be mapped.
    explicit MappedWeights(const GgufContent& content);

    /// The values of a model's weight, or nullptr if it is not in the files.
    [[nodiscard]] const char* find(const ggml_tensor* weight) const;

private:
    struct Place {
        const char* data = nullptr;
        std::uint64_t bytes = 0;
        std::string type;
    };

    std::vector<std::shared_ptr<const char>> files_;
    std::map<std::string, Place, std::less<>> places_;
};

/// A weight's bytes as its file stores them: llama.cpp's own, or those of `mapped` (may be nullptr). nullptr
/// if only a server has them. Throws Error{unsupported} if llama.cpp re-ordered them and no file has them.
const void* weight_data(const ggml_tensor* weight, const MappedWeights* mapped);

}  // namespace llmx::engine
