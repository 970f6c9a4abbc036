// llama.cpp has named pre-tokenizers, each a list of regular expressions; tokenizer.json describes them as a
// tree of steps. The tree is written as one line, which is looked up.

#include "checkpoint/tokenizer/pre_tokenizer.hpp"

#include <fmt/format.h>

#include <array>
#include <llmx/error.hpp>

namespace llmx::checkpoint {
namespace {

struct Row {
    std::string_view steps;
    std::string_view pre;
    bool ignore_merges;
    bool clean_up;
};

// "bytes": ByteLevel by itself; "words": ByteLevel with GPT-2's regular expression; "digits": every digit
// alone; "split": a regular expression whose matches become words.
constexpr std::string_view words = "words";
constexpr std::string_view digits_words = "digits words";
constexpr std::string_view llama3 =
    "split (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
    "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+ bytes";
// cl100k, in two spellings; \s*[\r\n] matches what \s*[\r\n]+ does
constexpr std::string_view cl100k =
    "split (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
    "|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+ bytes";
constexpr std::string_view cl100k_short =
    "split '(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
    "|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+ bytes";
constexpr std::string_view qwen2 =
    "split (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
    "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+ bytes";
constexpr std::string_view tekken =
    "split [^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
    "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}"
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+ bytes";
constexpr std::string_view gpt4o =
    "split [^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+"
    "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}"
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+ bytes";
constexpr std::string_view falcon = "punctuation words digits-of-three";
constexpr std::string_view falcon_split = "punctuation words split [0-9][0-9][0-9]";

constexpr Row rows[] = {
    {words, "gpt-2", false, true},          {words, "gpt-2", false, false},
    {digits_words, "smollm", false, false}, {digits_words, "starcoder", false, true},
    {llama3, "llama-bpe", true, true},      {llama3, "llama-bpe", true, false},
    {llama3, "smaug-bpe", false, true},     {llama3, "smaug-bpe", false, false},
    {cl100k, "llama-bpe", true, true},      {cl100k, "dbrx", false, true},
    {cl100k, "dbrx", false, false},         {cl100k_short, "dbrx", false, true},
    {cl100k_short, "dbrx", false, false},   {qwen2, "qwen2", false, false},
    {qwen2, "stablelm2", false, true},      {tekken, "tekken", true, false},
    {tekken, "tekken", true, true},         {gpt4o, "gpt-4o", false, false},
    {gpt4o, "gpt-4o", false, true},         {falcon, "falcon", false, true},
    {falcon, "falcon", false, false},       {falcon_split, "falcon", false, true},
    {falcon_split, "falcon", false, false},
};

/// A regular expression without possessive quantifiers, which do not change its matches.
std::string plain(std::string regex) {
    for (const auto& [from, to] : {std::pair<std::string_view, std::string_view>{"?+", "?"}, {"]++", "]+"}}) {
        for (std::size_t at = 0; (at = regex.find(from, at)) != std::string::npos;) {
            regex.replace(at, from.size(), to);
        }
    }
    return regex;
}

std::string steps_of(const Object& step) {
    const std::string type = step.text({"type"});
    if (type == "Sequence") {
        const Json* parts = step.find({"pretokenizers"});
        if (parts == nullptr || !parts->is_array()) step.fail("Sequence without pretokenizers");
        std::string steps;
        for (const Json& part : *parts) {
            if (!part.is_object()) step.fail("Sequence of something other than objects");
            if (!steps.empty()) steps += ' ';
            steps += steps_of(Object(part, step.name()));
        }
        return steps;
    }
    if (type == "ByteLevel") {
        if (step.flag({"add_prefix_space"}, true)) return "prefix-space";
        return step.flag({"use_regex"}, true) ? "words" : "bytes";
    }
    if (type == "Digits") return step.flag({"individual_digits"}, false) ? "digits" : "numbers";
    if (type == "Punctuation") {
        return step.text_or({"behavior"}, "Isolated") == "Contiguous" ? "punctuation"
                                                                      : "punctuation-isolated";
    }
    // Matches become words; or all but the matches is removed, which is nothing if every character matches,
    // as in the expressions known here.
    const bool invert = step.flag({"invert"}, false);
    if (type == "Split" && step.text_or({"behavior"}, "") == (invert ? "Removed" : "Isolated")) {
        const Object pattern = step.object({"pattern"});
        if (pattern.has("Regex")) return "split " + plain(pattern.text({"Regex"}));
    }
    return shown(step.json());
}

}  // namespace

std::string find_pre_tokenizer(const Object& tokenizer, bool ignore_merges, bool clean_up) {
    const Object root = tokenizer.object({"pre_tokenizer"});
    const std::string steps = root.json().empty() ? "none" : steps_of(root);
    for (const Row& row : rows) {
        if (row.steps == steps && row.ignore_merges == ignore_merges && row.clean_up == clean_up) {
            return std::string(row.pre);
        }
    }
    throw Error(
        ErrorCode::unsupported,
        fmt::format(
            "tokenizer.json: pre_tokenizer \"{}\"{}; llama.cpp has none known to split text the same way",
            steps.substr(0, 200), ignore_merges ? " with ignore_merges" : ""));
}

}  // namespace llmx::checkpoint
