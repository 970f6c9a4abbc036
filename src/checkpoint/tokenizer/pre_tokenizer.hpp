#pragma once
// Which of llama.cpp's pre-tokenizers a tokenizer.json describes.

#include <string>

#include "checkpoint/json.hpp"

namespace llmx::checkpoint {

/// The value of tokenizer.ggml.pre for a byte-level BPE. `clean_up`: decoding takes spaces before
/// punctuation away. Throws Error{unsupported} with the structure where llama.cpp has none like it: a
/// near one would give wrong ids, quietly.
std::string find_pre_tokenizer(const Object& tokenizer, bool ignore_merges, bool clean_up);

}  // namespace llmx::checkpoint
