// Byte-pair encoding in tokenizer.json: byte-level (GPT-2 and its heirs).

#include <fmt/format.h>

#include <llmx/error.hpp>

#include "checkpoint/tokenizer/pre_tokenizer.hpp"
#include "checkpoint/tokenizer/vocabulary.hpp"

namespace llmx::checkpoint {
namespace {

// llama.cpp expects "a b", with a space inside a token written in the byte-level alphabet.
std::string merge_text(const Object& model, const Json& merge) {
    const auto [left, right] = merge_parts(model, merge);
    std::string text;
    for (const std::string& part : {left, right}) {
        if (!text.empty()) text += ' ';
        for (const char c : part) text += c == ' ' ? std::string("Ġ") : std::string(1, c);
    }
    return text;
}

void check_normalizer(const Object& tokenizer) {
    const Object normalizer = tokenizer.object({"normalizer"});
    if (normalizer.json().empty()) return;
    const std::string type = normalizer.text_or({"type"}, "");
    // NFC changes nothing in composed text, which is what people write; llama.cpp does without it.
    if (type == "NFC") return;
    if (type == "Sequence" && normalizer.json().value("normalizers", Json()).empty()) return;
    throw Error(ErrorCode::unsupported,
                fmt::format("tokenizer.json: normalizer {}; llama.cpp's byte-level BPE has none",
                            shown(normalizer.json())));
}

}  // namespace

std::pair<std::string, std::string> merge_parts(const Object& model, const Json& merge) {
    std::string left, right;
    if (merge.is_string()) {
        const std::string text = merge.get<std::string>();
        const std::size_t space = text.find(' ', 1);
        if (space != std::string::npos) {
            left = text.substr(0, space);
            right = text.substr(space + 1);
        }
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
        left = merge[0].get<std::string>();
        right = merge[1].get<std::string>();
    }
    if (left.empty() || right.empty())
        model.fail(fmt::format("merge {}; expected two strings", shown(merge)));
    return {left, right};
}

Vocabulary read_byte_pairs(const TokenizerFiles& files, std::uint32_t size) {
    const Object& tokenizer = files.tokenizer;
    const Object model = tokenizer.object({"model"});
    const Object words = model.object({"vocab"});
    Vocabulary vocabulary("tokenizer.json", size);
    for (const auto& [text, id] : words.json().items()) {
        if (!id.is_number_unsigned())
            words.fail(fmt::format("{} is {}; expected an id", shown(text), shown(id)));
        vocabulary.set(id.get<std::uint64_t>(), text, TokenType::normal);
    }
    set_added_tokens(tokenizer, vocabulary);
    const Json* merges = model.find({"merges"});
    if (merges == nullptr || !merges->is_array()) model.fail("no merges; expected an array");
    for (const Json& merge : *merges) vocabulary.merges.push_back(merge_text(model, merge));

    check_normalizer(tokenizer);
    vocabulary.model = "gpt2";
    vocabulary.pre = pre_for_blanks(
        tokenizer, find_pre_tokenizer(tokenizer, model.flag({"ignore_merges"}, false),
                                      files.tokenizer_config.flag({"clean_up_tokenization_spaces"}, false)));
    return vocabulary;
}

}  // namespace llmx::checkpoint
