#pragma once
// A Hugging Face directory as the values of a model.

#include <filesystem>
#include <llmx/model.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/safetensors.hpp"
#include "engine/gguf/content.hpp"

namespace llmx::checkpoint {

struct Checkpoint {
    engine::Content content;
    std::vector<std::filesystem::path> files;  ///< of weights
    std::optional<QaHead> qa_head;
    std::map<std::string, std::string> prefixes;  ///< config.json's task_specific_params
};

/// Reads and checks everything but the weights' values, which `content` reads when it is filled. `weights`:
/// in place of the directory's own. Throws Error{model} for what is missing or wrong, Error{unsupported} for
/// an unknown family.
Checkpoint read_directory(const std::filesystem::path& directory,
                          const std::optional<Weights>& weights = std::nullopt);

/// `qa_outputs` of a safetensors file. Throws Error{model}.
QaHead read_qa_head(const std::filesystem::path& file);

}  // namespace llmx::checkpoint
