// Model::load: a GGUF file or a Hugging Face directory.

#include "engine/load.hpp"

#include <fmt/format.h>

#include <llmx/error.hpp>

#include "checkpoint/directory.hpp"

namespace llmx {

namespace fs = std::filesystem;

Model Model::load(const fs::path& path, const LoadOptions& options) {
    std::shared_ptr<ModelImpl> impl;
    if (fs::is_directory(path)) {
        checkpoint::Checkpoint read = checkpoint::read_directory(path);
        impl = engine::load_content(path, std::move(read.files), read.content, options);
        if (read.qa_head) engine::set_qa_head(*impl, std::move(*read.qa_head));
        engine::set_prefixes(*impl, std::move(read.prefixes));
    } else {
        impl = engine::load_gguf(path, options);
    }
    if (!options.qa_head.empty()) engine::set_qa_head(*impl, checkpoint::read_qa_head(options.qa_head));
    return Model(std::move(impl));
}

}  // namespace llmx
