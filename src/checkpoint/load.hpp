#pragma once
// A model from weights in the caller's memory.

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

/// The model that config.json and the tokenizer's files in `directory` describe, with these weights, which
/// are copied during the call. `name`: its name in messages and results. Throws as Model::load does for a
/// directory.
Model load_with_weights(const std::filesystem::path& directory, const std::string& name,
                        std::span<const GivenWeight> weights, const LoadOptions& options = {});

/// Weights as a directory would give them. Throws Error{model} for a duplicate weight, or one of the wrong
/// size.
Weights given_weights(const std::string& name, std::span<const GivenWeight> weights);

/// First 16 hex digits of the SHA-256 of their names and values, in the order of their names.
std::string digest(std::span<const GivenWeight> weights);

}  // namespace llmx::checkpoint
