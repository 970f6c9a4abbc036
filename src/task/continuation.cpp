#include "task/continuation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <optional>

#include "text/utf8.hpp"

namespace llmx::task {
namespace {

std::string bytes_of(const Model& model, std::span<const Token> ids) {
    std::string bytes;
    for (const Token id : ids) bytes += model.token_bytes(id, /*special=*/false);
    return bytes;
}

/// The ids of the text after those of a text before it, unless the two share a token.
std::optional<Tokens> after(const Model& model, std::string_view before, std::string_view text) {
    const Tokens first = model.tokenize(before);
    const Tokens both = model.tokenize(std::string(before) += text);
    if (both.size() < first.size() || !std::equal(first.begin(), first.end(), both.begin()))
        return std::nullopt;
    return Tokens(both.begin() + static_cast<std::ptrdiff_t>(first.size()), both.end());
}

}  // namespace

Tokens continuation(const Model& model, std::string_view text) {
    Tokens alone = model.tokenize(text);
    // Spelled with one space more: the tokenizer has put it there.
    const std::string spelled = bytes_of(model, alone);
    if (!spelled.starts_with(' ') || std::string_view(spelled).substr(1) != text) return alone;
    // What comes before must not merge with the text; a control character hardly ever does.
    for (const std::string_view before : {"\n", "\x1f", "\t", "a", "."}) {
        if (auto ids = after(model, before, text); ids && bytes_of(model, *ids) == text)
            return *std::move(ids);
    }
    throw Error(
        ErrorCode::unsupported,
        fmt::format("text \"{}\": the model's tokenizer reads it only with a space in front; give ids "
                    "instead (`answer_ids`, `label_ids`)",
                    text));
}

std::string continued_text(const Model& model, std::span<const Token> ids) {
    return utf8::replace_invalid(bytes_of(model, ids));
}

}  // namespace llmx::task
