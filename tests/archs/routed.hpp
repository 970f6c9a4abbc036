#pragma once
// The generator's models choose both of two experts and every key: their routing decides nothing. A copy
// that chooses one expert, and few of the keys.

#include <filesystem>

namespace llmx::test {

/// Copies a model file, with one expert used and at most 8 keys (and one block of them) taken by its
/// sparse indexer. Throws std::runtime_error where it has neither.
void write_routed(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace llmx::test
