#include "text/words.hpp"

#include <fmt/format.h>

#include <llmx/error.hpp>

#include "text/characters.hpp"

namespace llmx {

std::size_t find_words(const PlaceKey& key, std::string_view text, std::string_view words) {
    const auto refuse = [&](std::string_view how) {
        throw Error(
            ErrorCode::input,
            fmt::format("`{}`: \"{}\" {}; expected words that occur there once, or a range of {} such "
                        "as 3:7",
                        key.key, words, how, key.others));
    };
    const std::size_t at = text.find(words);
    if (at == std::string_view::npos) {
        const bool other_form = composed(text).find(composed(words)) != std::string::npos;
        refuse(fmt::format("is {} {}{}", other_form ? "in" : "not in", key.text,
                           other_form ? " in another Unicode normalisation form only (accents are written "
                                        "differently)"
                                      : ""));
    }
    if (text.find(words, at + 1) != std::string_view::npos)
        refuse(fmt::format("is in {} more than once", key.text));
    return at;
}

bool is_range(const PlaceKey& key, std::string_view text, std::string_view words, std::pair<int, int> range,
              bool fits) {
    if (text.find(words) == std::string_view::npos) return true;
    if (!fits) return false;
    throw Error(
        ErrorCode::input,
        fmt::format("`{}`: \"{}\" is words of {}, and could be its {} {} to {}; expected the words with "
                    "more of those around them, or [{}, {}] for the {}",
                    key.key, words, key.text, key.others, range.first, range.second - 1, range.first,
                    range.second, key.others));
}

}  // namespace llmx
