#include "explain/passages.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/trim.hpp"
#include "text/utf8.hpp"

namespace llmx {

namespace {

constexpr std::array<std::string_view, 4> given = {"document", "context", "source", "tool"};

bool is_given(std::string_view role) { return std::find(given.begin(), given.end(), role) != given.end(); }

bool ends_with_question(std::string_view text) {
    text = trimmed(text);
    while (!text.empty() && (text.ends_with('"') || text.ends_with('\'') || text.ends_with(')')))
        text.remove_suffix(1);
    // also the full-width, the Arabic and the Armenian mark; Greek's is a semicolon and not told apart
    constexpr std::array<std::string_view, 4> marks = {"?", "\uFF1F", "\u061F", "\u055E"};
    return std::any_of(marks.begin(), marks.end(),
                       [&](std::string_view mark) { return text.ends_with(mark); });
}

/// Places of the text, in bytes and lines.
class Places {
public:
    explicit Places(const unit::Text& text) : text_(text) {
        for (const std::string& token : text.tokens) {
            first_.push_back(all_.size());
            all_ += token;
        }
        first_.push_back(all_.size());
    }

    /// Bytes of a unit, without white space around.
    [[nodiscard]] std::pair<std::size_t, std::size_t> bytes(const Unit& unit) const {
        const std::size_t first = first_[static_cast<std::size_t>(unit.tokens.front())];
        const std::size_t last = first_[static_cast<std::size_t>(unit.tokens.back()) + 1];
        const std::string_view inked = trimmed(std::string_view(all_).substr(first, last - first));
        if (inked.empty()) return {first, last};
        const auto begin = static_cast<std::size_t>(inked.data() - all_.data());
        return {begin, begin + inked.size()};
    }
    /// The part that a unit is in; -1: none.
    [[nodiscard]] int part_of(const Unit& unit) const {
        const std::size_t byte = bytes(unit).first;
        for (std::size_t p = 0; p < text_.parts.size(); ++p) {
            if (byte >= text_.parts[p].first && byte < text_.parts[p].last) return static_cast<int>(p);
        }
        return -1;
    }
    /// Number of the line of a byte, from the part's beginning on.
    [[nodiscard]] int line(std::size_t byte, int part) const {
        const std::size_t from = part < 0 ? 0 : text_.parts[static_cast<std::size_t>(part)].first;
        return 1 + static_cast<int>(std::count(all_.begin() + static_cast<std::ptrdiff_t>(from),
                                               all_.begin() + static_cast<std::ptrdiff_t>(byte), '\n'));
    }
    [[nodiscard]] std::string_view text(const Unit& unit) const {
        const auto [first, last] = bytes(unit);
        return std::string_view(all_).substr(first, last - first);
    }
    [[nodiscard]] std::string_view between(std::size_t first, std::size_t last) const {
        return std::string_view(all_).substr(first, last - first);
    }

private:
    const unit::Text& text_;
    std::string all_;
    std::vector<std::size_t> first_;  // byte of each token
};

/// Of a message that both tells and asks: which of its sentences ask.
std::vector<bool> asking(const unit::Text& text, const UnitChoice& choice, const std::vector<Unit>& units,
                         const std::vector<std::size_t>& message) {
    std::vector<bool> asks(units.size(), false);
    bool any = false;
    for (const std::size_t u : message) any = (asks[u] = ends_with_question(units[u].text)) || any;
    if (any || message.empty()) return asks;
    UnitChoice paragraphs = choice;
    paragraphs.kind = UnitKind::paragraph;
    const std::vector<Unit> all = unit::split(text, paragraphs);
    const auto paragraph_of = [&](const Unit& unit) {
        return std::find_if(all.begin(), all.end(), [&](const Unit& paragraph) {
            return std::binary_search(paragraph.tokens.begin(), paragraph.tokens.end(), unit.tokens.front());
        });
    };
    const auto last = paragraph_of(units[message.back()]);
    if (last == paragraph_of(units[message.front()])) return asks;
    for (const std::size_t u : message) asks[u] = paragraph_of(units[u]) == last;
    return asks;
}

}  // namespace

WhyPassage passage_of(const unit::Text& text, const std::vector<const Unit*>& units) {
    const Places places(text);
    WhyPassage passage;
    const std::size_t first = places.bytes(*units.front()).first;
    const std::size_t last = places.bytes(*units.back()).second;
    const int part = places.part_of(*units.front());
    passage.text = utf8::replace_invalid(std::string(places.between(first, last)));
    if (part >= 0) {
        passage.role = text.parts[static_cast<std::size_t>(part)].role;
        passage.title = text.parts[static_cast<std::size_t>(part)].title;
        passage.part = static_cast<int>(
            std::count_if(text.parts.begin(), text.parts.begin() + part + 1,
                          [&](const UnitChoice::Part& p) { return p.role == passage.role; }));
    }
    passage.lines = {places.line(first, part), places.line(last, part)};
    for (const Unit* unit : units)
        passage.tokens.insert(passage.tokens.end(), unit->tokens.begin(), unit->tokens.end());
    return passage;
}

Passages passages_of(const unit::Text& text, const UnitChoice& choice, std::vector<Unit> units) {
    const Places places(text);
    std::erase_if(units, [&](const Unit& unit) {
        return unit.kind != "sentence" || trimmed(places.text(unit)).empty();
    });
    const bool has_given = std::any_of(text.parts.begin(), text.parts.end(),
                                       [](const UnitChoice::Part& part) { return is_given(part.role); });
    int question = -1;  // the last user's message; with no parts, the whole prompt
    for (std::size_t p = 0; p < text.parts.size(); ++p) {
        if (text.parts[p].role == "user") question = static_cast<int>(p);
    }
    std::vector<std::size_t> message;
    for (std::size_t u = 0; u < units.size(); ++u) {
        if (places.part_of(units[u]) == question) message.push_back(u);
    }
    std::vector<bool> asks = asking(text, choice, units, message);
    for (std::size_t u = 0; u < units.size(); ++u) {
        const int part = places.part_of(units[u]);
        const std::string role = part < 0 ? "" : text.parts[static_cast<std::size_t>(part)].role;
        if (has_given)
            asks[u] = !is_given(role);
        else if (role == "system" || role == "developer" || role == "instruction" || role == "question")
            asks[u] = true;
    }
    Passages found;
    for (std::size_t u = 0; u < units.size(); ++u) {
        if (asks[u])
            found.asked.push_back(passage_of(text, {&units[u]}));
        else
            found.sources.push_back(std::move(units[u]));
    }
    return found;
}

}  // namespace llmx
