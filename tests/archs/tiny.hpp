#pragma once
// Tiny random models of the families that llama.cpp's generator leaves out: RWKV, BERT, T5, ...

#include <filesystem>
#include <vector>

namespace llmx::test {

/// Writes one GGUF file for each of the families into the directory.
void write_tiny_models(const std::filesystem::path& directory);

}  // namespace llmx::test
