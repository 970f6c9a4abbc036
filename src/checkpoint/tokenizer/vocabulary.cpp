#include "checkpoint/tokenizer/vocabulary.hpp"

#include <fmt/format.h>

#include <cmath>
#include <llmx/error.hpp>

#include "text/utf8.hpp"

namespace llmx::checkpoint {

Vocabulary::Vocabulary(std::string file, std::uint32_t size)
    : file_(std::move(file)),
      tokens_(size),
      scores_(size, -10000.0F),
      types_(size, static_cast<std::int32_t>(TokenType::unused)) {
    for (std::uint32_t id = 0; id < size; ++id) tokens_[id] = fmt::format("[PAD{}]", id);
}

void Vocabulary::set(std::uint64_t id, std::string text, TokenType type, float score) {
    if (id >= tokens_.size()) {
        throw Error(ErrorCode::model,
                    fmt::format("{}: token {} has id {}; expected fewer than the {} of config.json's "
                                "vocab_size",
                                file_, shown(text), id, tokens_.size()));
    }
    if (text.empty() || text.find('\0') != std::string::npos || !std::isfinite(score)) {
        throw Error(ErrorCode::model,
                    fmt::format("{}: token {} is {} of score {}; expected a text and a finite score", file_,
                                id, shown(text), score));
    }
    const auto at = static_cast<std::size_t>(id);
    const auto before = ids_.find(tokens_[at]);
    if (before != ids_.end() && before->second == id) ids_.erase(before);
    ids_[text] = static_cast<std::uint32_t>(id);
    tokens_[at] = std::move(text);
    scores_[at] = score;
    types_[at] = static_cast<std::int32_t>(type);
}

std::optional<std::uint32_t> Vocabulary::find(const std::string& text) const {
    const auto found = ids_.find(text);
    return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

void Vocabulary::write(engine::Content& content, bool with_scores) const {
    std::map<std::string_view, std::size_t> seen;
    for (std::size_t id = 0; id < tokens_.size(); ++id) {
        const auto [first, inserted] = seen.emplace(tokens_[id], id);
        if (inserted) continue;
        throw Error(ErrorCode::model, fmt::format("{}: tokens {} and {} are both {}; expected different ones",
                                                  file_, first->second, id, shown(tokens_[id])));
    }
    auto& values = content.values;
    values.emplace_back("tokenizer.ggml.model", model);
    values.emplace_back("tokenizer.ggml.pre", pre);
    values.emplace_back("tokenizer.ggml.tokens", tokens_);
    if (with_scores) values.emplace_back("tokenizer.ggml.scores", scores_);
    values.emplace_back("tokenizer.ggml.token_type", types_);
    if (!merges.empty()) values.emplace_back("tokenizer.ggml.merges", merges);
    values.insert(values.end(), keys.begin(), keys.end());
}

namespace {

bool looks_special(std::string_view text) {
    const auto between = [text](std::string_view begin, std::string_view end) {
        return text.starts_with(begin) && text.ends_with(end);
    };
    return text == "<pad>" || text == "<mask>" || text == "<2mass>" || text == "[@BOS@]" ||
           between("<|", "|>") || between("<｜", "｜>") || between("<unused", ">");
}

std::string with_spaces(std::string_view text) {
    constexpr std::string_view mark = "▁";
    std::string spaced;
    for (std::size_t at = 0; at < text.size();) {
        const bool space = text.substr(at).starts_with(mark);
        spaced += space ? ' ' : text[at];
        at += space ? mark.size() : 1;
    }
    return spaced;
}

}  // namespace

void set_added_token(Vocabulary& vocabulary, std::uint64_t id, std::string text, bool special) {
    const bool control = special || looks_special(text);
    // llama.cpp looks for such tokens in the text as it is, before spaces become "▁".
    if (!control && (vocabulary.model == "llama" || vocabulary.model == "t5")) text = with_spaces(text);
    vocabulary.set(id, std::move(text), control ? TokenType::control : TokenType::user_defined, -1000.0F);
}

void set_added_tokens(const Object& tokenizer, Vocabulary& vocabulary) {
    const Json* added = tokenizer.find({"added_tokens"});
    if (added == nullptr) return;
    if (!added->is_array()) tokenizer.fail("added_tokens: expected an array");
    for (const Json& entry : *added) {
        const Object token(entry.is_object() ? entry : Json::object(), tokenizer.name() + ": added_tokens");
        set_added_token(vocabulary, token.integer({"id"}, 0), token.text({"content"}),
                        token.flag({"special"}, false));
    }
}

TokenizerFiles read_tokenizer_files(const std::filesystem::path& directory, const Object& config) {
    TokenizerFiles files;
    files.directory = directory;
    files.config = config;
    files.generation = Object::read_if_there(directory / "generation_config.json");
    files.tokenizer_config = Object::read_if_there(directory / "tokenizer_config.json");
    files.special_tokens = Object::read_if_there(directory / "special_tokens_map.json");
    files.tokenizer = Object::read_if_there(directory / "tokenizer.json");
    return files;
}

namespace {

Vocabulary read_vocabulary(const TokenizerFiles& files, std::uint32_t size) {
    const auto has = [&](const char* name) { return std::filesystem::exists(files / name); };
    const std::string sentence_piece = has("tokenizer.model") ? "tokenizer.model"
                                       : has("spiece.model")  ? "spiece.model"
                                                              : "";
    if (files.has_tokenizer_json()) {
        const Object model = files.tokenizer.object({"model"});
        const std::string type = model.text_or({"type"}, model.has("merges") ? "BPE" : "WordPiece");
        if (type == "WordPiece") return read_word_pieces(files, size);
        const bool fallback = model.flag({"byte_fallback"}, false);
        if (type == "BPE" && !fallback) return read_byte_pairs(files, size);
        // SentencePiece's own file has the scores that tokenizer.json turned into an order of merges.
        if (type == "BPE" && sentence_piece.empty()) return read_byte_fallback(files, size);
        if (type == "Unigram" && sentence_piece.empty()) return read_unigram(files, size);
        if (type != "BPE" && type != "Unigram") {
            throw Error(ErrorCode::unsupported,
                        fmt::format("tokenizer.json: model {}; known: BPE, Unigram, WordPiece", shown(type)));
        }
    }
    if (!sentence_piece.empty()) return read_sentence_piece(files, sentence_piece, size);
    if (has("vocab.txt")) return read_word_pieces(files, size);
    throw Error(ErrorCode::model,
                fmt::format("model {}: no tokenizer; expected tokenizer.json, tokenizer.model, "
                            "spiece.model or vocab.txt",
                            files.directory.string()));
}

}  // namespace

void write_tokenizer(const TokenizerFiles& files, std::uint32_t size, engine::Content& content) {
    const Vocabulary vocabulary = read_vocabulary(files, size);
    vocabulary.write(content, vocabulary.model == "llama" || vocabulary.model == "t5");
    write_special_tokens(files, vocabulary, content);
    write_chat_template(files, content);
}

}  // namespace llmx::checkpoint
