#pragma once
// A tokenizer as llama.cpp has it: what the readers of the several file formats make.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/json.hpp"
#include "engine/gguf/content.hpp"

namespace llmx::checkpoint {

/// GGUF's numbers.
enum class TokenType : std::int32_t {
    normal = 1,
    unknown = 2,
    control = 3,
    user_defined = 4,
    unused = 5,
    byte = 6
};

/// Tokens by id, one for every row of the embedding table; rows without a token become unused ones.
class Vocabulary {
public:
    /// `file` starts the messages.
    Vocabulary(std::string file, std::uint32_t size);

    /// Throws Error{model} for an id outside the model's vocabulary.
    void set(std::uint64_t id, std::string text, TokenType type, float score = 0.0F);
    void set_type(std::uint32_t id, TokenType type) { types_[id] = static_cast<std::int32_t>(type); }

    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(tokens_.size()); }
    [[nodiscard]] const std::string& text(std::uint32_t id) const { return tokens_[id]; }
    [[nodiscard]] TokenType type(std::uint32_t id) const { return static_cast<TokenType>(types_[id]); }
    /// The id of the token with this text (in the checkpoint's spelling), if there is one.
    [[nodiscard]] std::optional<std::uint32_t> find(const std::string& text) const;

    /// Writes tokens, scores and types. Throws Error{model} where two tokens have the same text, which
    /// llama.cpp cannot hold.
    void write(engine::Content& content, bool with_scores) const;

    std::string model;  ///< tokenizer.ggml.model: "gpt2", "llama", "t5", "bert"
    std::string pre = "default";
    std::vector<std::string> merges;
    std::vector<std::pair<std::string, engine::ContentValue>> keys;  ///< further ones, whole names

private:
    std::string file_;
    std::vector<std::string> tokens_;
    std::vector<float> scores_;
    std::vector<std::int32_t> types_;
    std::map<std::string, std::uint32_t, std::less<>> ids_;
};

/// The files of a directory that a tokenizer is described by.
struct TokenizerFiles {
    std::filesystem::path directory;
    Object config;            ///< config.json, the text model's part
    Object generation;        ///< generation_config.json
    Object tokenizer_config;  ///< tokenizer_config.json
    Object special_tokens;    ///< special_tokens_map.json
    Object tokenizer;         ///< tokenizer.json; empty where there is none

    [[nodiscard]] bool has_tokenizer_json() const { return !tokenizer.json().empty(); }
    [[nodiscard]] std::filesystem::path operator/(const char* name) const { return directory / name; }
};

TokenizerFiles read_tokenizer_files(const std::filesystem::path& directory, const Object& config);

/// Adds all tokenizer.* keys. `size`: rows of the embedding table; `architecture`: GGUF's. Throws
/// Error{model} for files that are missing or wrong, Error{unsupported} for a tokenizer that llama.cpp
/// has no equal of.
void write_tokenizer(const TokenizerFiles& files, std::uint32_t size, engine::Content& content);

/// A token that was added to a vocabulary: control where `special` or where it looks so to llama.cpp's
/// converter, else user-defined (split off before anything else).
void set_added_token(Vocabulary& vocabulary, std::uint64_t id, std::string text, bool special);
/// tokenizer.json's `added_tokens`.
void set_added_tokens(const Object& tokenizer, Vocabulary& vocabulary);

/// A merge of tokenizer.json: "a b" or ["a", "b"].
std::pair<std::string, std::string> merge_parts(const Object& model, const Json& merge);

/// Readers, by tokenizer.json's model type or by file.
Vocabulary read_byte_pairs(const TokenizerFiles& files, std::uint32_t size);
Vocabulary read_byte_fallback(const TokenizerFiles& files, std::uint32_t size);
Vocabulary read_unigram(const TokenizerFiles& files, std::uint32_t size);
Vocabulary read_word_pieces(const TokenizerFiles& files, std::uint32_t size);
Vocabulary read_sentence_piece(const TokenizerFiles& files, const std::string& file, std::uint32_t size);

/// The model's name, such that llama.cpp lets special tokens eat the blanks behind them where they do in
/// tokenizer.json (Phi-3), and only there: it goes by "phi-3" or "phi3" in the name.
std::string name_for_blanks(const Object& tokenizer, std::string name);
/// The pre-tokenizer's name where "<mask>" eats the blanks before it (RoBERTa): one that splits alike.
std::string pre_for_blanks(const Object& tokenizer, std::string pre);

/// Ids of special tokens and whether they are added, as keys.
void write_special_tokens(const TokenizerFiles& files, const Vocabulary& vocabulary,
                          engine::Content& content);
/// The chat template, if there is one, as keys.
void write_chat_template(const TokenizerFiles& files, engine::Content& content);

}  // namespace llmx::checkpoint
