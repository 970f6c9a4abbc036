// Tokenizers of SentencePiece origin: from its own model file, or as tokenizer.json has them.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <llmx/error.hpp>

#include "checkpoint/tokenizer/sentence_piece.hpp"
#include "checkpoint/tokenizer/vocabulary.hpp"
#include "core/files.hpp"
#include "text/utf8.hpp"

namespace llmx::checkpoint {
namespace {

[[noreturn]] void unsupported(const std::string& file, const std::string& what) {
    throw Error(ErrorCode::unsupported, file + ": " + what);
}

/// added_tokens.json, tokenizer_config.json's added_tokens_decoder and tokenizer.json's added_tokens.
void set_all_added_tokens(const TokenizerFiles& files, Vocabulary& vocabulary) {
    const Object added = Object::read_if_there(files / "added_tokens.json");
    for (const auto& [text, id] : added.json().items()) {
        if (!id.is_number_unsigned())
            added.fail(fmt::format("{} is {}; expected an id", shown(text), shown(id)));
        set_added_token(vocabulary, id.get<std::uint64_t>(), text, false);
    }
    const Object decoder = files.tokenizer_config.object({"added_tokens_decoder"});
    for (const auto& [key, value] : decoder.json().items()) {
        const bool number =
            !key.empty() && key.size() < 10 && key.find_first_not_of("0123456789") == std::string::npos;
        if (!number || !value.is_object())
            decoder.fail(fmt::format("{}: expected an id and a token", shown(key)));
        const Object token(value, decoder.name());
        set_added_token(vocabulary, std::stoull(key), token.text({"content"}),
                        token.flag({"special"}, false));
    }
    set_added_tokens(files.tokenizer, vocabulary);
}

/// T5's sentinels: where no file lists added tokens, transformers' T5 tokenizer adds them behind
/// SentencePiece's own, the last one first.
void set_sentinels(const TokenizerFiles& files, std::size_t pieces, Vocabulary& vocabulary) {
    const std::string type = files.config.text_or({"model_type"}, "");
    if ((type != "t5" && type != "mt5") || files.has_tokenizer_json() ||
        files.tokenizer_config.has("added_tokens_decoder")) {
        return;
    }
    const std::uint32_t count = files.tokenizer_config.integer_or({"extra_ids"}, 100, 0, 10000);
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::size_t id = pieces + count - 1 - i;
        if (id < vocabulary.size()) set_added_token(vocabulary, id, fmt::format("<extra_id_{}>", i), true);
    }
}

/// The normalisation that SentencePiece compiled: an array of 32-bit numbers behind its length in bytes,
/// then texts that end in zero. llama.cpp trusts most of it.
void check_charsmap(const std::string& file, const std::vector<std::uint8_t>& charsmap) {
    std::uint32_t length = 0;
    for (std::size_t i = 0; i < 4 && charsmap.size() > 4; ++i)
        length |= std::uint32_t{charsmap[i]} << (8 * i);
    if (charsmap.size() > 4 && length % 4 == 0 && length >= 4 && length < charsmap.size() - 4 &&
        charsmap.back() == 0) {
        return;
    }
    throw Error(ErrorCode::model, file + ": precompiled_charsmap is damaged");
}

void set_unigram_keys(Vocabulary& vocabulary, const std::string& file, bool prefix, bool merge_spaces,
                      const std::vector<std::uint8_t>& charsmap) {
    vocabulary.keys.emplace_back("tokenizer.ggml.add_space_prefix", prefix);
    vocabulary.keys.emplace_back("tokenizer.ggml.remove_extra_whitespaces", merge_spaces);
    if (charsmap.empty()) return;
    check_charsmap(file, charsmap);
    vocabulary.keys.emplace_back("tokenizer.ggml.precompiled_charsmap", charsmap);
}

/// Steps of a normalizer or pre-tokenizer, sequences flattened.
std::vector<Object> steps_of(const Object& root, Object::Keys inside) {
    std::vector<Object> steps;
    if (root.json().empty()) return steps;
    if (root.text({"type"}) != "Sequence") return {root};
    const Json* parts = root.find(inside);
    for (const Json& part : parts == nullptr ? Json::array() : *parts) {
        if (!part.is_object()) root.fail("a step that is no object");
        for (Object& step : steps_of(Object(part, root.name()), inside)) steps.push_back(std::move(step));
    }
    return steps;
}

bool metaspace_prefix(const Object& step) {
    if (step.text_or({"replacement"}, "▁") != "▁")
        unsupported("tokenizer.json", "Metaspace that is no \"▁\"");
    return step.has("prepend_scheme") ? step.text({"prepend_scheme"}) != "never"
                                      : step.flag({"add_prefix_space"}, true);
}

/// Whether tokenizer.json's steps put a space before a text, if they are those of SentencePiece's
/// byte-pair encoding at all: spaces become "▁", nothing else.
bool prefix_of_byte_pairs(const Object& tokenizer) {
    bool prefix = false;
    for (const Object& step : steps_of(tokenizer.object({"normalizer"}), {"normalizers"})) {
        const std::string type = step.text({"type"});
        if (type == "Prepend" && step.text_or({"prepend"}, "") == "▁") {
            prefix = true;
        } else if (type != "Replace" || step.object({"pattern"}).text_or({"String"}, "") != " " ||
                   step.text_or({"content"}, "") != "▁") {
            unsupported("tokenizer.json",
                        fmt::format("normalizer {}; llama.cpp's SentencePiece only makes spaces \"▁\"",
                                    shown(step.json())));
        }
    }
    for (const Object& step : steps_of(tokenizer.object({"pre_tokenizer"}), {"pretokenizers"})) {
        const std::string type = step.text({"type"});
        // Split at spaces that the normalizer has taken away already: Gemma's
        if (type == "Split" && step.object({"pattern"}).text_or({"String"}, "") == " ") continue;
        if (type != "Metaspace" || step.flag({"split"}, false)) {
            unsupported("tokenizer.json", fmt::format("pre_tokenizer {} before byte pairs with byte fallback",
                                                      shown(step.json())));
        }
        prefix = metaspace_prefix(step);
    }
    return prefix;
}

bool is_byte(const std::string& text) {
    return text.size() == 6 && text.starts_with("<0x") && text.ends_with('>') &&
           text.find_first_not_of("0123456789ABCDEF", 3) == 5;
}

/// llama.cpp merges any two neighbours whose union is a token, best score first; tokenizer.json lists
/// merges in order. Both are the same where every pair that could merge is listed and a token's score is
/// its place in the list; SentencePiece's own models are so.
void score_by_merges(const Object& model, Vocabulary& vocabulary, const std::vector<std::string>& words) {
    std::map<std::string, std::size_t> pairs;  // parts with a zero between them
    std::map<std::string, float> scores;
    const Json* merges = model.find({"merges"});
    if (merges == nullptr || !merges->is_array()) model.fail("no merges; expected an array");
    for (const Json& merge : *merges) {
        const auto [left, right] = merge_parts(model, merge);
        const std::size_t rank = pairs.size();
        pairs.emplace(left + '\0' + right, rank);
        scores.emplace(left + right, -static_cast<float>(rank));
    }
    for (const std::string& word : words) {
        const auto id = vocabulary.find(word);
        if (!id || vocabulary.type(*id) != TokenType::normal) continue;
        for (std::size_t at = 1; at < word.size(); ++at) {
            const std::string left = word.substr(0, at), right = word.substr(at);
            if (!utf8::is_valid(left) || !vocabulary.find(left) || !vocabulary.find(right)) continue;
            if (vocabulary.type(*vocabulary.find(left)) != TokenType::normal) continue;
            if (vocabulary.type(*vocabulary.find(right)) != TokenType::normal) continue;
            if (!pairs.contains(left + '\0' + right)) {
                unsupported(
                    "tokenizer.json",
                    fmt::format("no merge of {} and {}, which llama.cpp would merge to {}; expected the "
                                "merges of a SentencePiece model",
                                shown(left), shown(right), shown(word)));
            }
        }
        const auto score = scores.find(word);
        vocabulary.set(*id, word, TokenType::normal, score == scores.end() ? -1e6F : score->second);
    }
}

std::vector<std::uint8_t> from_base64(const Object& step) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::vector<std::uint8_t> bytes;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : step.text_or({"precompiled_charsmap"}, "")) {
        if (c == '=') break;
        const std::size_t value = alphabet.find(c);
        if (value == std::string_view::npos) step.fail("precompiled_charsmap is no base64");
        bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        if ((count += 6) < 8) continue;
        count -= 8;
        bytes.push_back(static_cast<std::uint8_t>(bits >> static_cast<unsigned>(count)));
    }
    return bytes;
}

}  // namespace

Vocabulary read_sentence_piece(const TokenizerFiles& files, const std::string& file, std::uint32_t size) {
    std::string bytes;
    try {
        bytes = read_file(files.directory / file, file);
    } catch (const Error& e) {
        throw Error(ErrorCode::model, e.what());
    }
    const SentencePieceModel model = parse_sentence_piece(bytes, file);
    Vocabulary vocabulary(file, size);
    for (std::size_t id = 0; id < model.pieces.size(); ++id) {
        const SentencePiece& piece = model.pieces[id];
        vocabulary.set(id, piece.text, static_cast<TokenType>(piece.type), piece.score);
    }
    if (model.whitespace_as_suffix || !model.escape_whitespaces) {
        unsupported(file, "spaces behind words, or unescaped; llama.cpp puts \"▁\" before words");
    }
    using Kind = SentencePieceModel::Kind;
    vocabulary.model = model.kind == static_cast<std::uint32_t>(Kind::unigram) ? "t5" : "llama";
    if (vocabulary.model == "t5") {
        set_sentinels(files, model.pieces.size(), vocabulary);
        set_all_added_tokens(files, vocabulary);
        set_unigram_keys(vocabulary, file, model.add_dummy_prefix, model.remove_extra_whitespaces,
                         model.charsmap);
        return vocabulary;
    }
    if (model.kind != static_cast<std::uint32_t>(Kind::byte_pairs)) {
        unsupported(file, fmt::format("model type {}; known: 1 (unigram), 2 (byte pairs)", model.kind));
    }
    if (!model.charsmap.empty() || model.remove_extra_whitespaces) {
        unsupported(file,
                    fmt::format("byte pairs of normalised text (\"{}\"); llama.cpp does not normalise it",
                                utf8::replace_invalid(model.normalization)));
    }
    set_all_added_tokens(files, vocabulary);
    const bool prefix = files.has_tokenizer_json()
                            ? prefix_of_byte_pairs(files.tokenizer)
                            : files.tokenizer_config.flag({"add_prefix_space"}, model.add_dummy_prefix);
    vocabulary.keys.emplace_back("tokenizer.ggml.add_space_prefix", prefix);
    return vocabulary;
}

Vocabulary read_byte_fallback(const TokenizerFiles& files, std::uint32_t size) {
    const Object model = files.tokenizer.object({"model"});
    if (model.flag({"ignore_merges"}, false))
        unsupported("tokenizer.json", "ignore_merges with byte fallback");
    Vocabulary vocabulary("tokenizer.json", size);
    vocabulary.model = "llama";
    std::vector<std::string> words;
    const std::string unknown = model.text_or({"unk_token"}, "");
    const Object vocab = model.object({"vocab"});
    for (const auto& [text, id] : vocab.json().items()) {
        if (!id.is_number_unsigned())
            vocab.fail(fmt::format("{} is {}; expected an id", shown(text), shown(id)));
        const TokenType type = text == unknown ? TokenType::unknown
                               : is_byte(text) ? TokenType::byte
                                               : TokenType::normal;
        vocabulary.set(id.get<std::uint64_t>(), text, type, 0.0F);
        if (type == TokenType::normal) words.push_back(text);
    }
    set_all_added_tokens(files, vocabulary);
    score_by_merges(model, vocabulary, words);
    vocabulary.keys.emplace_back("tokenizer.ggml.add_space_prefix", prefix_of_byte_pairs(files.tokenizer));
    return vocabulary;
}

Vocabulary read_unigram(const TokenizerFiles& files, std::uint32_t size) {
    const Object model = files.tokenizer.object({"model"});
    Vocabulary vocabulary("tokenizer.json", size);
    vocabulary.model = "t5";
    const Json* pieces = model.find({"vocab"});
    if (pieces == nullptr || !pieces->is_array())
        model.fail("no vocab; expected an array of pieces and scores");
    const std::uint32_t unknown = model.integer_or({"unk_id"}, ~0U);
    for (std::size_t id = 0; id < pieces->size(); ++id) {
        const Json& piece = (*pieces)[id];
        if (!piece.is_array() || piece.size() != 2 || !piece[0].is_string() || !piece[1].is_number()) {
            model.fail(fmt::format("piece {} is {}; expected a text and a score", id, shown(piece)));
        }
        vocabulary.set(id, piece[0].get<std::string>(),
                       id == unknown ? TokenType::unknown : TokenType::normal, piece[1].get<float>());
    }
    set_all_added_tokens(files, vocabulary);
    std::vector<std::uint8_t> charsmap;
    bool prefix = false, merge_spaces = false;
    for (const Object& step : steps_of(files.tokenizer.object({"normalizer"}), {"normalizers"})) {
        const std::string type = step.text({"type"});
        const std::string regex = step.object({"pattern"}).text_or({"Regex"}, "");
        if (type == "Precompiled") {
            charsmap = from_base64(step);
        } else if (type == "Replace" && regex == " {2,}") {
            merge_spaces = true;
        } else {
            unsupported("tokenizer.json",
                        fmt::format("normalizer {} before a unigram model", shown(step.json())));
        }
    }
    for (const Object& step : steps_of(files.tokenizer.object({"pre_tokenizer"}), {"pretokenizers"})) {
        const std::string type = step.text({"type"});
        if (type == "WhitespaceSplit") {
            merge_spaces = true;
        } else if (type == "Metaspace") {
            prefix = metaspace_prefix(step);
        } else {
            unsupported("tokenizer.json",
                        fmt::format("pre_tokenizer {} before a unigram model", shown(step.json())));
        }
    }
    set_unigram_keys(vocabulary, "tokenizer.json", prefix, merge_spaces, charsmap);
    return vocabulary;
}

}  // namespace llmx::checkpoint
