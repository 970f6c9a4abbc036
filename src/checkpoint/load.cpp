// Model::load: a GGUF file or a Hugging Face directory.

#include "checkpoint/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <llmx/error.hpp>
#include <new>

#include "checkpoint/directory.hpp"
#include "engine/model/load.hpp"
#include "engine/pass/randomize_weights.hpp"
#include "text/utf8.hpp"

namespace llmx {

namespace fs = std::filesystem;

namespace {

// The checks of a directory's files name what is wrong; anything that they miss becomes an error here.
checkpoint::Checkpoint read_checked(const fs::path& directory,
                                    const std::optional<checkpoint::Weights>& weights = std::nullopt) {
    try {
        return checkpoint::read_directory(directory, weights);
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

// `path`: what the caller calls it.
std::shared_ptr<ModelImpl> load_checkpoint(const fs::path& path, checkpoint::Checkpoint read,
                                           const LoadOptions& options) {
    std::shared_ptr<ModelImpl> impl =
        engine::load_content(path, std::move(read.files), read.content, options);
    if (read.qa_head) engine::set_qa_head(*impl, std::move(*read.qa_head));
    engine::set_prefixes(*impl, std::move(read.prefixes));
    return impl;
}

}  // namespace

Model checkpoint::load_with_weights(const fs::path& directory, const std::string& name,
                                    std::span<const GivenWeight> weights, const LoadOptions& options) {
    // The values are gone afterwards, so their digest is taken meanwhile.
    std::future<std::string> sha256 = std::async(std::launch::async, [&] { return digest(weights); });
    std::shared_ptr<ModelImpl> impl =
        load_checkpoint(name, read_checked(directory, given_weights(name, weights)), options);
    engine::set_digest(*impl, sha256.get());
    return engine::model_of(std::move(impl));
}

Model Model::load(const fs::path& path, const LoadOptions& given) {
    LoadOptions options = given;
    if (options.randomized_blocks > 0) options.use_mmap = false;  // a file's own pages cannot be written to
    if (options.randomized_blocks > 0 && !options.rpc.empty()) {
        throw Error(ErrorCode::unsupported,
                    "re-drawn weights: the weights of a model on RPC servers cannot be re-drawn; load it "
                    "without `rpc`");
    }
    std::shared_ptr<ModelImpl> impl;
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
        const fs::path named = path.has_filename() ? path : path.parent_path();  // without a slash at its end
        impl = load_checkpoint(named, read_checked(named), options);
    } else {
        impl = engine::load_gguf(path, options);
    }
    if (!options.qa_head.empty()) engine::set_qa_head(*impl, checkpoint::read_qa_head(options.qa_head));
    Model model(std::move(impl));
    if (options.randomized_blocks > 0)
        engine::randomize_weights(model, options.randomized_blocks, options.randomization_seed);
    return model;
}

}  // namespace llmx
