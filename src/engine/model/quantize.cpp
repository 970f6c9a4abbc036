#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <llmx/error.hpp>
#include <llmx/model.hpp>

#include "core/files.hpp"
#include "engine/gguf/gguf_file.hpp"
#include "engine/llama_guard.hpp"
#include "engine/model/types.hpp"

namespace llmx {

namespace fs = std::filesystem;

void quantize(const fs::path& input, const fs::path& output, std::string_view type, int threads) {
    const llama_ftype ftype = engine::quantize_type(type);
    constexpr int most_threads = 512;  // GGML_MAX_N_THREADS
    if (threads < 0 || threads > most_threads)
        throw Error(ErrorCode::usage,
                    fmt::format("`threads`: got {}; expected 0 to {}", threads, most_threads));
    engine::check_gguf(input);
    std::error_code error;
    if (fs::equivalent(input, output, error)) {
        throw Error(ErrorCode::output,
                    fmt::format("{}: this is the input itself; expected another file name", output.string()));
    }
    AtomicFile file(output);
    if (file.temporary().empty()) {
        throw Error(ErrorCode::output,
                    fmt::format("{}: not a regular file; expected a file name", output.string()));
    }

    llama_model_quantize_params params = llama_model_quantize_default_params();
    params.ftype = ftype;
    params.nthread = threads;
    params.allow_requantize = true;
    const engine::LlamaGuard guard;
    std::string reason;
    try {
        if (llama_model_quantize(input.c_str(), file.temporary().c_str(), &params) != 0)
            reason = guard.reason();
    } catch (const std::exception& e) {
        reason = engine::one_line(e.what());
    }
    if (!reason.empty()) {
        // llama.cpp writes through a stream that throws; only its message tells that the disk is full.
        const bool writing = reason.find("ios") != std::string::npos;
        throw Error(writing ? ErrorCode::output : ErrorCode::model,
                    fmt::format("quantize {} to {}: {}; nothing was written", input.string(), output.string(),
                                writing ? "writing failed; is the disk full?" : reason));
    }
    file.commit();
}

}  // namespace llmx
