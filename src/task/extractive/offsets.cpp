#include "task/extractive/offsets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <map>
#include <optional>

#include "text/utf8.hpp"

namespace llmx::task {

namespace {

/// A text by its characters: where each begins in bytes, and where the last one ends.
class Letters {
public:
    explicit Letters(std::string_view text) : text_(text), begins_(utf8::character_offsets(text)) {}

    [[nodiscard]] int count() const { return static_cast<int>(begins_.size()) - 1; }
    [[nodiscard]] std::string_view part(int first, int last) const {
        const std::size_t begin = begins_[static_cast<std::size_t>(first)];
        return text_.substr(begin, begins_[static_cast<std::size_t>(last)] - begin);
    }
    [[nodiscard]] std::string_view at(int i) const { return part(i, i + 1); }
    /// The character that holds a byte.
    [[nodiscard]] int holding(std::size_t byte) const {
        const auto next = std::upper_bound(begins_.begin(), begins_.end(), byte);
        return static_cast<int>(next - begins_.begin()) - 1;
    }
    [[nodiscard]] bool is_space(int i) const {
        const std::string_view c = at(i);
        return c == " " || c == "\t" || c == "\n" || c == "\r" || c == "\f" || c == "\v" || c == "\xC2\xA0" ||
               c == "\xE3\x80\x80";
    }
    [[nodiscard]] Characters trimmed(Characters span) const {
        while (span.first < span.last && is_space(span.first)) ++span.first;
        while (span.last > span.first && is_space(span.last - 1)) --span.last;
        return span;
    }

private:
    std::string_view text_;
    std::vector<std::size_t> begins_;
};

/// The tokens' bytes one after another are the text; some tokenizers put a space before its first word.
std::optional<std::vector<Characters>> by_spelling(const Letters& letters, std::string_view text,
                                                   const Tokens& ids, const Tokenizer& tokenizer) {
    std::vector<Characters> spans;
    std::size_t at = 0;
    for (const Token id : ids) {
        std::string bytes = tokenizer.bytes(id);
        if (at == 0 && bytes.starts_with(' ') && !text.starts_with(' ')) bytes.erase(0, 1);
        if (text.substr(at, bytes.size()) != bytes) return std::nullopt;
        const std::size_t end = at + bytes.size();
        const int first = letters.holding(at);
        spans.push_back(letters.trimmed({first, bytes.empty() ? first : letters.holding(end - 1) + 1}));
        at = end;
    }
    if (at != text.size()) return std::nullopt;
    return spans;
}

enum class Kind { letter, alone, space, dropped };

/// What the tokenizer does with a character, seen from what becomes of it between two letters.
class Kinds {
public:
    explicit Kinds(const Tokenizer& tokenizer)
        : tokenizer_(tokenizer), letter_(tokenizer.tokenize("a")), together_(tokenizer.tokenize("aa")) {}

    Kind of(std::string_view character) {
        const auto [found, is_new] = known_.try_emplace(std::string(character), Kind::letter);
        if (is_new) found->second = ask(found->first);
        return found->second;
    }

private:
    [[nodiscard]] Kind ask(const std::string& character) const {
        const Tokens between = tokenizer_.tokenize("a" + character + "a");
        const Tokens itself = tokenizer_.tokenize(character);
        const auto with = [&](const Tokens& middle) {
            Tokens all = letter_;
            all.insert(all.end(), middle.begin(), middle.end());
            all.insert(all.end(), letter_.begin(), letter_.end());
            return all;
        };
        if (between == with({})) return Kind::space;
        if (itself.empty() && between == together_) return Kind::dropped;
        return between == with(itself) ? Kind::alone : Kind::letter;
    }

    const Tokenizer& tokenizer_;
    Tokens letter_, together_;
    std::map<std::string, Kind> known_;
};

/// The words of a text, each without the characters around it that the tokenizer drops.
std::vector<Characters> words_of(const Letters& letters, Kinds& kinds) {
    std::vector<Characters> words;
    bool open = false;
    for (int i = 0; i < letters.count(); ++i) {
        switch (kinds.of(letters.at(i))) {
            case Kind::dropped:
                break;
            case Kind::space:
                open = false;
                break;
            case Kind::alone:
                words.push_back({i, i + 1});
                open = false;
                break;
            case Kind::letter:
                if (!open) words.push_back({i, i});
                words.back().last = i + 1;
                open = true;
        }
    }
    return words;
}

/// Of the tokens of one word, by growing beginnings of it. Greedy longest-match tokenizers give a
/// beginning the word's own tokens as soon as it holds them.
void add_tokens_of_word(const Letters& letters, Characters word, const Tokens& ids,
                        const Tokenizer& tokenizer, Kinds& kinds, std::vector<Characters>& spans) {
    int first = word.first;
    for (std::size_t k = 0; k + 1 < ids.size(); ++k) {
        int last = first + 1;
        for (; last < word.last; ++last) {
            const Tokens some = tokenizer.tokenize(letters.part(word.first, last));
            if (some.size() == k + 1 && std::equal(some.begin(), some.end(), ids.begin())) break;
        }
        spans.push_back({first, last});
        first = std::min(last, word.last - 1);
        while (first + 1 < word.last && kinds.of(letters.at(first)) == Kind::dropped) ++first;
    }
    spans.push_back({first, word.last});
}

}  // namespace

Tokenizer tokenizer_of(const Model& model) {
    return {[model](std::string_view text) { return model.tokenize(text); },
            [model](Token id) { return model.token_bytes(id, true); }};
}

AlignedText align(std::string_view text, const Tokenizer& tokenizer) {
    const Letters letters(text);
    AlignedText result{tokenizer.tokenize(text), {}};
    if (auto spans = by_spelling(letters, text, result.ids, tokenizer)) {
        result.characters = std::move(*spans);
        return result;
    }
    Kinds kinds(tokenizer);
    Tokens ids;
    for (const Characters word : words_of(letters, kinds)) {
        const Tokens of_word = tokenizer.tokenize(letters.part(word.first, word.last));
        if (of_word.empty()) continue;
        add_tokens_of_word(letters, word, of_word, tokenizer, kinds, result.characters);
        ids.insert(ids.end(), of_word.begin(), of_word.end());
    }
    if (ids != result.ids) {
        throw Error(ErrorCode::unsupported,
                    "offsets: the model's tokenizer neither keeps the text's bytes nor treats its words one "
                    "by one; expected WordPiece or byte-level BPE");
    }
    return result;
}

SpelledText spell(std::span<const Token> ids, const Tokenizer& tokenizer) {
    std::string bytes;
    std::vector<std::pair<std::size_t, std::size_t>> places;
    for (const Token id : ids) {
        std::string piece = tokenizer.bytes(id);
        if (bytes.empty() && piece.starts_with(' ')) piece.erase(0, 1);
        places.emplace_back(bytes.size(), bytes.size() + piece.size());
        bytes += piece;
    }
    SpelledText result;
    if (!utf8::is_valid(bytes)) {
        throw Error(ErrorCode::input, "token ids: they spell no whole UTF-8 text; expected whole characters");
    }
    const Letters letters(bytes);
    for (const auto& [begin, end] : places) {
        const int first = letters.holding(begin);
        result.characters.push_back(
            letters.trimmed({first, end == begin ? first : letters.holding(end - 1) + 1}));
    }
    result.text = std::move(bytes);
    return result;
}

std::string part(std::string_view text, Characters characters, std::string_view what) {
    const Letters letters(text);
    if (characters.first < 0 || characters.first >= characters.last || characters.last > letters.count()) {
        throw Error(
            ErrorCode::input,
            fmt::format("{}: characters {}:{} are no part of a context of {}; expected A:B with 0 <= A "
                        "< B <= {}",
                        what, characters.first, characters.last, letters.count(), letters.count()));
    }
    return std::string(letters.part(characters.first, characters.last));
}

Characters place_of(std::string_view text, std::string_view part, std::string_view what) {
    const std::size_t at = text.find(part);
    if (part.empty() || at == std::string_view::npos) {
        throw Error(
            ErrorCode::input,
            fmt::format("{}: \"{}\" is no part of the context; expected words as they stand in it, or "
                        "--label-span A:B",
                        what, part));
    }
    const Letters letters(text);
    return {letters.holding(at), letters.holding(at + part.size() - 1) + 1};
}

}  // namespace llmx::task
