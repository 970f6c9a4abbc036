// Which rows a part of the prompt covers, and which rows are the context.

#include <fmt/format.h>

#include <llmx/error.hpp>

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

/// The place of words that occur in the prompt exactly once.
Range find_words(const Grains& whole, const std::string& words) {
    const std::size_t at = whole.text.find(words);
    const auto refuse = [&](const char* how) {
        throw Error(ErrorCode::input, fmt::format("`context_span`: \"{}\" is {} the prompt; expected words "
                                                  "that occur in it once, or characters such as 10:52",
                                                  words, how));
    };
    if (at == std::string::npos || at + words.size() > whole.prompt) refuse("not in");
    if (whole.text.find(words, at + 1) < whole.prompt) refuse("more than once in");
    return {at, at + words.size()};
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
    if (choice.context) return rows_between(text, *choice.context);
    const Grains whole = grains(text);
    if (!choice.context_text.empty()) return rows_in(whole, find_words(whole, choice.context_text));
    for (const auto& [first, last, role] : text.parts) {
        if (role == "context") return rows_in(whole, {first, last});
    }
    return {};
}

}  // namespace llmx::unit
