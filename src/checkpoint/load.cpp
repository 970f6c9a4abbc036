// Model::load: a GGUF file or a Hugging Face directory.

#include "engine/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <new>

#include "checkpoint/directory.hpp"
#include "core/utf8.hpp"
#include "engine/redraw.hpp"

namespace llmx {

namespace fs = std::filesystem;

namespace {

// The checks of a directory's files name what is wrong; what slips through them is an error all the same.
checkpoint::Checkpoint read_checked(const fs::path& directory) {
    try {
        return checkpoint::read_directory(directory);
    } catch (const Error&) {
        throw;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& e) {
        std::string what = utf8::replace_invalid(e.what());
        std::replace(what.begin(), what.end(), '\n', ' ');
        throw Error(ErrorCode::model, fmt::format("model {}: damaged: {}", directory.string(), what));
    }
}

}  // namespace

Model Model::load(const fs::path& path, const LoadOptions& given) {
    LoadOptions options = given;
    if (options.redrawn_blocks > 0) options.use_mmap = false;  // a file's own pages cannot be written to
    if (options.redrawn_blocks > 0 && !options.rpc.empty()) {
        throw Error(ErrorCode::unsupported,
                    "re-drawn weights: a model on RPC servers cannot be re-drawn; load it without --rpc");
    }
    std::shared_ptr<ModelImpl> impl;
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
        const fs::path named = path.has_filename() ? path : path.parent_path();  // without a slash at its end
        checkpoint::Checkpoint read = read_checked(named);
        impl = engine::load_content(named, std::move(read.files), read.content, options);
        if (read.qa_head) engine::set_qa_head(*impl, std::move(*read.qa_head));
        engine::set_prefixes(*impl, std::move(read.prefixes));
    } else {
        impl = engine::load_gguf(path, options);
    }
    if (!options.qa_head.empty()) engine::set_qa_head(*impl, checkpoint::read_qa_head(options.qa_head));
    Model model(std::move(impl));
    if (options.redrawn_blocks > 0) engine::redraw(model, options.redrawn_blocks, options.redraw_seed);
    return model;
}

}  // namespace llmx
