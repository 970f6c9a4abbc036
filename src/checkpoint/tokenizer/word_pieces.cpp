// WordPiece: BERT's tokenizer.json or vocab.txt.

#include <fmt/format.h>

#include <llmx/error.hpp>
#include <sstream>

#include "checkpoint/tokenizer/vocabulary.hpp"
#include "core/files.hpp"

namespace llmx::checkpoint {
namespace {

struct Normalizer {
    bool lowercase = true;
    std::optional<bool> strip_accents;  ///< nothing: as lowercase
    bool split_chinese = true;
};

Normalizer normalizer_of(const Object& tokenizer) {
    const Object step = tokenizer.object({"normalizer"});
    if (step.text_or({"type"}, "none") != "BertNormalizer") {
        throw Error(
            ErrorCode::unsupported,
            fmt::format("tokenizer.json: normalizer {} before WordPiece; llama.cpp supports BertNormalizer",
                        shown(step.json())));
    }
    const std::string splits = tokenizer.object({"pre_tokenizer"}).text_or({"type"}, "none");
    if (splits != "BertPreTokenizer") {
        throw Error(
            ErrorCode::unsupported,
            fmt::format(
                "tokenizer.json: pre_tokenizer {} before WordPiece; llama.cpp supports BertPreTokenizer",
                shown(splits)));
    }
    Normalizer normalizer{step.flag({"lowercase"}, true), std::nullopt,
                          step.flag({"handle_chinese_chars"}, true)};
    if (step.has("strip_accents")) normalizer.strip_accents = step.flag({"strip_accents"}, false);
    return normalizer;
}

Normalizer normalizer_of_config(const Object& config) {
    Normalizer normalizer{config.flag({"do_lower_case"}, true), std::nullopt,
                          config.flag({"tokenize_chinese_chars"}, true)};
    if (config.has("strip_accents")) normalizer.strip_accents = config.flag({"strip_accents"}, false);
    return normalizer;
}

// llama.cpp marks the starts of words, WordPiece their continuations.
std::string marked(const std::string& text) { return text.starts_with("##") ? text.substr(2) : "▁" + text; }

}  // namespace

Vocabulary read_word_pieces(const TokenizerFiles& files, std::uint32_t size) {
    const bool json = files.has_tokenizer_json();
    std::vector<std::pair<std::string, std::uint64_t>> words;
    Normalizer normalizer;
    if (json) {
        const Object model = files.tokenizer.object({"model"});
        if (model.text_or({"continuing_subword_prefix"}, "##") != "##") {
            throw Error(
                ErrorCode::unsupported,
                "tokenizer.json: continuing_subword_prefix is not \"##\"; llama.cpp supports no other");
        }
        const Object vocab = model.object({"vocab"});
        for (const auto& [text, id] : vocab.json().items()) {
            if (!id.is_number_unsigned())
                vocab.fail(fmt::format("{} is {}; expected an id", shown(text), shown(id)));
            words.emplace_back(text, id.get<std::uint64_t>());
        }
        normalizer = normalizer_of(files.tokenizer);
    } else {
        std::istringstream lines(read_file(files / "vocab.txt", "vocab.txt"));
        for (std::string line; std::getline(lines, line);) {
            if (line.ends_with('\r')) line.pop_back();
            words.emplace_back(line, words.size());
        }
        normalizer = normalizer_of_config(files.tokenizer_config);
    }
    if (!normalizer.split_chinese) {
        throw Error(ErrorCode::unsupported,
                    "tokenizer: Chinese characters are not to be split; llama.cpp splits them");
    }

    Vocabulary vocabulary(json ? "tokenizer.json" : "vocab.txt", size);
    for (const auto& [text, id] : words) {
        const bool special = !json && (text == "[PAD]" || text == "[UNK]" || text == "[CLS]" ||
                                       text == "[SEP]" || text == "[MASK]");
        vocabulary.set(id, special ? text : marked(text), special ? TokenType::control : TokenType::normal);
    }
    set_added_tokens(files.tokenizer, vocabulary);
    vocabulary.model = "bert";
    vocabulary.keys.emplace_back("tokenizer.ggml.normalizer.lowercase", normalizer.lowercase);
    if (normalizer.strip_accents) {
        vocabulary.keys.emplace_back("tokenizer.ggml.normalizer.strip_accents", *normalizer.strip_accents);
    }
    return vocabulary;
}

}  // namespace llmx::checkpoint
