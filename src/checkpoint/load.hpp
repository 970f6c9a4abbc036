#pragma once
// A model whose weights the caller has in memory.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <llmx/model.hpp>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/safetensors.hpp"

namespace llmx::checkpoint {

/// A tensor of a Hugging Face model.
struct GivenWeight {
    std::string name;                 ///< "model.norm.weight"
    std::string type;                 ///< "F32", "F16" or "BF16"
    std::vector<std::int64_t> shape;  ///< row-major
    std::span<const std::byte> values;
};

/// The model that config.json and the tokenizer's files in `directory` describe, with these weights; they are
/// copied, and not looked at after the call. `name`: what messages and results call it. Throws as
/// Model::load does for a directory.
Model load_with_weights(const std::filesystem::path& directory, const std::string& name,
                        std::span<const GivenWeight> weights, const LoadOptions& options = {});

/// As of a directory. Throws Error{model} for a weight that stands twice, or of the wrong size.
Weights given_weights(const std::string& name, std::span<const GivenWeight> weights);

/// First 16 hex digits of the SHA-256 of their names and values, in the order of their names.
std::string digest(std::span<const GivenWeight> weights);

}  // namespace llmx::checkpoint
