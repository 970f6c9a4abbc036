#pragma once
// What the tests on the demo model share: its file as float32, and the chat example.

#include <unistd.h>

#include <filesystem>
#include <llmx/llmx.hpp>
#include <string>

#include "support/golden_file.hpp"

namespace llmx::test {

/// The model as float32, made once from the shipped Q4_1 file.
inline const std::filesystem::path& float32_file() {
    static const struct File {
        std::filesystem::path path = std::filesystem::temp_directory_path() /
                                     ("llmx-demo-f32-" + std::to_string(::getpid()) + ".gguf");
        File() { quantize(LLMX_DEMO_MODEL, path, "F32"); }
        ~File() { std::filesystem::remove(path); }
    } file;
    return file.path;
}

inline Request chat_request(const GoldenFile& reference) {
    Request request;
    request.input_ids = reference.ids("prompt_ids");
    const Tokens sequence = reference.ids("sequence_ids");
    request.output.ids.assign(sequence.begin() + static_cast<std::ptrdiff_t>(request.input_ids.size()),
                              sequence.end());
    request.labels = reference.ids("label_ids");
    return request;
}

/// The same, explained as by the original toolbox.
inline Request original_request(const GoldenFile& reference) {
    Request request = chat_request(reference);
    request.objective = Objective::aligned;
    return request;
}

}  // namespace llmx::test
