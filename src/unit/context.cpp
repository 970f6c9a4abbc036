// Which rows a place in the prompt covers: the context, the rationale.

#include <fmt/format.h>

#include <llmx/error.hpp>

#include "text/utf8.hpp"
#include "text/words.hpp"
#include "unit/grains.hpp"

namespace llmx::unit {

namespace {

std::vector<int> rows_in(const Grains& whole, const Range& range) {
    std::vector<int> rows;
    for (const Grain& grain : whole.all) {
        if (grain.answer || !grain.touches(range)) continue;
        for (int row = grain.first; row < grain.last; ++row) rows.push_back(row);
    }
    return rows;
}

/// The range, unless its digits are words of the prompt.
bool gives_range(const Grains& whole, const PlaceKey& key, const PromptPlace& place) {
    if (!place.characters || place.words.empty()) return place.characters.has_value();
    const auto count = static_cast<int>(whole.characters.size());
    const auto [first, last] = *place.characters;
    return is_range(key, whole.shown, place.words, *place.characters,
                    first >= 0 && first < last && last <= count);
}

/// Rows with some of their text in a place, at least one.
std::vector<int> rows_at(const Grains& whole, std::string_view name, const PromptPlace& place) {
    const PlaceKey key{name, "the prompt", "characters"};
    if (!gives_range(whole, key, place)) {
        const std::size_t at = find_words(key, whole.shown, place.words);
        const auto before = static_cast<int>(utf8::character_offsets(whole.shown.substr(0, at)).size()) - 1;
        const auto length = static_cast<int>(utf8::character_offsets(place.words).size()) - 1;
        return rows_in(whole, bytes_of(whole, name, {before, before + length}));
    }
    const std::vector<int> rows = rows_in(whole, bytes_of(whole, name, *place.characters));
    if (!rows.empty()) return rows;
    throw Error(ErrorCode::input,
                fmt::format("`{}`: no token has text in characters {}:{} of the prompt; expected more than "
                            "white space",
                            name, place.characters->first, place.characters->second));
}

/// Throws Error{usage} for a place that is none.
std::string shown(const PromptPlace& place) {
    if (place.words.empty() && !place.characters)
        throw Error(ErrorCode::usage, "`rationale`: an empty place; expected words, or characters A:B");
    return place.words.empty() ? fmt::format("{}:{}", place.characters->first, place.characters->second)
                               : fmt::format("\"{}\"", place.words);
}

}  // namespace

std::vector<int> context_rows(const Text& text, const UnitChoice& choice) {
    const Grains whole = grains(text);
    if (choice.context || !choice.context_text.empty())
        return rows_at(whole, "context_span", {choice.context_text, choice.context});
    for (const UnitChoice::Part& part : text.parts) {
        if (part.role == "context") return rows_in(whole, {part.first, part.last});
    }
    return {};
}

std::vector<bool> in_rationale(const Text& text, const std::vector<Unit>& units,
                               const std::vector<PromptPlace>& places) {
    if (places.empty()) return {};
    const Grains whole = grains(text);
    std::vector<std::ptrdiff_t> unit_of(text.tokens.size(), -1);
    for (std::size_t u = 0; u < units.size(); ++u) {
        for (const int row : units[u].tokens)
            unit_of[static_cast<std::size_t>(row)] = static_cast<std::ptrdiff_t>(u);
    }
    std::vector<bool> marked(units.size(), false);
    for (const PromptPlace& place : places) {
        const std::string name = shown(place);
        bool found = false;
        for (const int row : rows_at(whole, "rationale", place)) {
            const std::ptrdiff_t unit = unit_of[static_cast<std::size_t>(row)];
            if (unit < 0) continue;
            marked[static_cast<std::size_t>(unit)] = found = true;
        }
        if (found) continue;
        throw Error(ErrorCode::input,
                    fmt::format("`rationale`: {} has held tokens only, which take no score; expected other "
                                "words, or `hold` none",
                                name));
    }
    return marked;
}

}  // namespace llmx::unit
