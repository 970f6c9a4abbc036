#include "engine/text/spelling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <optional>

#include "engine/text/vocabulary.hpp"
#include "text/utf8.hpp"

namespace llmx::engine {
namespace {

std::string bytes_of(const Model& model, std::span<const Token> ids, bool special) {
    std::string bytes;
    for (const Token id : ids) bytes += model.token_bytes(id, special);
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

/// A continuation without control tokens.
Tokens plain_continuation(const Model& model, std::string_view text) {
    Tokens alone = model.tokenize(text);
    // Spelled with one space more: the tokenizer has put it there.
    const std::string spelled = bytes_of(model, alone, false);
    if (!spelled.starts_with(' ') || std::string_view(spelled).substr(1) != text) return alone;
    // What comes before must not merge with the text; a control character hardly ever does.
    for (const std::string_view before : {"\n", "\x1f", "\t", "a", "."}) {
        if (auto ids = after(model, before, text); ids && bytes_of(model, *ids, false) == text)
            return *std::move(ids);
    }
    throw Error(
        ErrorCode::unsupported,
        fmt::format("text \"{}\": the model's tokenizer reads it only with a space in front; give ids "
                    "instead (`answer_ids`, `label_ids`)",
                    text));
}

/// A stretch of a text, the ids that it was read as, and the control token behind it.
struct Fragment {
    std::string_view text;
    Tokens ids = {};
    std::optional<Token> control = {};
};

/// Cuts a text at the control tokens among its ids.
std::vector<Fragment> fragments(const Model& model, std::string_view text, std::span<const Token> ids) {
    std::vector<Fragment> all(1);
    for (const Token id : ids) {
        const std::string spelled = is_special(model, id) ? model.token_bytes(id) : std::string();
        const std::size_t at = spelled.empty() ? std::string_view::npos : text.find(spelled);
        if (at == std::string_view::npos) {
            all.back().ids.push_back(id);
            continue;
        }
        all.back().text = text.substr(0, at);
        all.back().control = id;
        all.emplace_back();
        text.remove_prefix(at + spelled.size());
    }
    all.back().text = text;
    return all;
}

/// What the model puts around every text.
struct Ends {
    Tokens begin, end;
};

Ends ends_of(const Model& model) {
    const Tokens plain = model.tokenize("a");
    const Tokens whole = model.tokenize("a", true);
    const auto at = std::search(whole.begin(), whole.end(), plain.begin(), plain.end());
    if (at == whole.end()) return {whole, {}};
    return {Tokens(whole.begin(), at), Tokens(at + static_cast<std::ptrdiff_t>(plain.size()), whole.end())};
}

/// The text without the spaces that the tokenizer adds again behind a control token. `begun`: one stands
/// before the text.
std::string without_added_spaces(const Model& model, std::string_view text, std::span<const Token> ids,
                                 bool begun) {
    std::string kept;
    for (const Fragment& fragment : fragments(model, text, ids)) {
        const std::string read = bytes_of(model, fragment.ids, false);
        const bool doubled = begun && fragment.text.starts_with(' ') && read.starts_with(' ') &&
                             std::string_view(read).substr(1) == fragment.text;
        kept += fragment.text.substr(doubled ? 1 : 0);
        if (fragment.control) kept += model.token_bytes(*fragment.control);
        begun = true;
    }
    return kept;
}

}  // namespace

Tokens prompt_tokens(const Model& model, std::string_view text, bool markup) {
    const Ends ends = ends_of(model);
    const std::string begin = bytes_of(model, ends.begin, true);
    const std::string end = bytes_of(model, ends.end, true);
    const bool begun = !begin.empty() && text.starts_with(begin);
    if (begun) text.remove_prefix(begin.size());
    if (!end.empty() && text.ends_with(end)) text.remove_suffix(end.size());
    Tokens ids = model.tokenize(text, true, markup);
    if (!begun && !markup) return ids;
    const auto inner = [&](const Tokens& all) {
        const std::size_t around = std::min(all.size(), ends.begin.size() + ends.end.size());
        return std::span(all).subspan(std::min(all.size(), ends.begin.size()), all.size() - around);
    };
    const std::string kept = without_added_spaces(model, text, inner(ids), begun);
    if (kept.size() == text.size()) return ids;
    Tokens again = model.tokenize(kept, true, markup);
    return bytes_of(model, inner(again), true) == text ? again : ids;
}

Tokens continuation(const Model& model, std::string_view text) {
    Tokens ids;
    for (const Fragment& fragment : fragments(model, text, model.tokenize(text, false, true))) {
        if (!fragment.text.empty()) {
            const Tokens read = plain_continuation(model, fragment.text);
            ids.insert(ids.end(), read.begin(), read.end());
        }
        if (fragment.control) ids.push_back(*fragment.control);
    }
    return ids;
}

std::string continued_text(const Model& model, std::span<const Token> ids, bool special) {
    return utf8::replace_invalid(bytes_of(model, ids, special));
}

std::string spelled_control_token(const Model& model, std::string_view text, bool may_end) {
    for (const Fragment& fragment : fragments(model, text, model.tokenize(text, false, true))) {
        if (!fragment.control) break;
        const std::string spelled = model.token_bytes(*fragment.control);
        const bool last =
            fragment.text.data() + fragment.text.size() + spelled.size() == text.data() + text.size();
        if (!may_end || !last || !is_end(model, *fragment.control)) return spelled;
    }
    return {};
}

}  // namespace llmx::engine
