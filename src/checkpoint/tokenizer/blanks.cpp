// Special tokens that absorb the blanks next to them (`lstrip`, `rstrip`). llama.cpp supports two such cases
// and recognises them by name.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "checkpoint/tokenizer/vocabulary.hpp"

namespace llmx::checkpoint {
namespace {

/// An added token of this text, with this flag if one is given.
bool any_added_token(const Object& tokenizer, const char* flag, const std::string& text) {
    const Json* added = tokenizer.find({"added_tokens"});
    if (added == nullptr || !added->is_array()) return false;
    return std::ranges::any_of(*added, [&](const Json& entry) {
        if (!entry.is_object()) return false;
        const Object token(entry, tokenizer.name() + ": added_tokens");
        return token.text_or({"content"}, "") == text && (flag == nullptr || token.flag({flag}, false));
    });
}

}  // namespace

std::string name_for_blanks(const Object& tokenizer, std::string name) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::size_t dashed = lower.find("phi-3"), plain = lower.find("phi3");
    const bool named = dashed != std::string::npos || plain != std::string::npos;
    bool eat = any_added_token(tokenizer, "rstrip", "<|assistant|>");
    for (const char* text : {"</s>", "<unk>", "<s>", "<|endoftext|>"}) {  // llama.cpp looks for them
        eat = eat && any_added_token(tokenizer, nullptr, text);
    }
    if (eat && !named) return fmt::format("phi-3: {}", name);
    if (!eat && dashed != std::string::npos) name[dashed + 3] = ' ';
    if (!eat && plain != std::string::npos) name.insert(plain + 3, 1, ' ');
    return name;
}

std::string pre_for_blanks(const Object& tokenizer, std::string pre) {
    if (pre == "gpt-2" && any_added_token(tokenizer, "lstrip", "<mask>")) return "jina-v2-code";
    return pre;
}

}  // namespace llmx::checkpoint
