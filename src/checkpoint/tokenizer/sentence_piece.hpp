#pragma once
// SentencePiece's model files: what a tokenizer needs from its protocol buffer
// (<https://github.com/google/sentencepiece>, sentencepiece_model.proto).

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace llmx::checkpoint {

struct SentencePiece {
    std::string text;
    float score = 0.0F;
    std::uint32_t type = 1;  ///< GGUF's numbers are SentencePiece's
};

struct SentencePieceModel {
    enum class Kind : std::uint32_t { unigram = 1, byte_pairs = 2 };

    std::vector<SentencePiece> pieces;
    std::uint32_t kind = 1;  ///< of Kind; others exist
    bool byte_fallback = false;
    std::string normalization;           ///< "nmt_nfkc", "identity", ...
    std::vector<std::uint8_t> charsmap;  ///< compiled normalisation; empty: none
    bool add_dummy_prefix = true;
    bool remove_extra_whitespaces = true;
    bool escape_whitespaces = true;
    bool whitespace_as_suffix = false;
};

/// Throws Error{model} `NAME: what` for bytes that are not such a file.
SentencePieceModel parse_sentence_piece(std::string_view bytes, const std::string& name);

}  // namespace llmx::checkpoint
