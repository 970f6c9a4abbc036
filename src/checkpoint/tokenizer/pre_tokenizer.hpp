#pragma once
// Which of llama.cpp's pre-tokenizers a tokenizer.json describes.

#include <string>

#include "checkpoint/json.hpp"

namespace llmx::checkpoint {

/// The value of tokenizer.ggml.pre for a byte-level BPE. `clean_up`: decoding removes spaces before
/// punctuation. Throws Error{unsupported} with the structure if llama.cpp has no equivalent: a similar one
/// would silently give wrong ids.
std::string find_pre_tokenizer(const Object& tokenizer, bool ignore_merges, bool clean_up);

}  // namespace llmx::checkpoint
