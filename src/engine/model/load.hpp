#pragma once
// Building what stands behind a Model, from a GGUF file or from plain values.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <llmx/model.hpp>
#include "engine/gguf/content.hpp"

namespace llmx::engine {

/// Throws Error{model} as Model::load.
std::shared_ptr<ModelImpl> load_gguf(const std::filesystem::path& path, const LoadOptions& options);

/// The model that `content` describes. `path`: what the caller calls it; `files`: what its digest is
/// taken over. Throws Error{model} naming the origin of a tensor that llama.cpp does not accept.
std::shared_ptr<ModelImpl> load_content(const std::filesystem::path& path,
                                        std::vector<std::filesystem::path> files, const Content& content,
                                        const LoadOptions& options);

/// Throws Error{model} for a head that does not fit the model's embedding.
void set_qa_head(ModelImpl& impl, QaHead head);
/// Of a model without files.
void set_digest(ModelImpl& impl, std::string sha256_16);
void set_prefixes(ModelImpl& impl, std::map<std::string, std::string> prefixes);

}  // namespace llmx::engine
