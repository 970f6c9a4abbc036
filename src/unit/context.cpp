// Which rows a part of the prompt covers, and which rows are the context.

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

constexpr PlaceKey context_key{"context_span", "the prompt", "characters"};

/// The range, unless its digits are words of the prompt.
bool gives_range(const Grains& whole, const UnitChoice& choice) {
    if (!choice.context || choice.context_text.empty()) return choice.context.has_value();
    const std::string_view prompt = std::string_view(whole.text).substr(0, whole.prompt);
    const auto count = static_cast<int>(utf8::character_offsets(prompt).size()) - 1;
    const auto [first, last] = *choice.context;
    return is_range(context_key, prompt, choice.context_text, *choice.context,
                    first >= 0 && first < last && last <= count);
}

}  // namespace

std::vector<int> rows_between(const Text& text, std::pair<int, int> characters) {
    const Grains whole = grains(text);
    const std::vector<int> rows = rows_in(whole, bytes_of(whole, characters));
    if (!rows.empty()) return rows;
    throw Error(
        ErrorCode::input,
        fmt::format("characters {}:{} of the prompt: no token has text there; expected more than white space",
                    characters.first, characters.second));
}

std::vector<int> context_rows(const Text& text, const UnitChoice& choice) {
    const Grains whole = grains(text);
    if (gives_range(whole, choice)) return rows_between(text, *choice.context);
    if (!choice.context_text.empty()) {
        const std::string_view prompt = std::string_view(whole.text).substr(0, whole.prompt);
        const std::size_t at = find_words(context_key, prompt, choice.context_text);
        return rows_in(whole, {at, at + choice.context_text.size()});
    }
    for (const auto& [first, last, role] : text.parts) {
        if (role == "context") return rows_in(whole, {first, last});
    }
    return {};
}

}  // namespace llmx::unit
