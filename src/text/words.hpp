#pragma once
// Words that a user gives to name a place in a text.

#include <string>
#include <string_view>
#include <utility>

namespace llmx {

/// How a place is asked for, for messages.
struct PlaceKey {
    std::string_view key;     ///< "target_span"
    std::string_view text;    ///< "the answer"
    std::string_view others;  ///< what a range counts: "tokens"
};

/// The byte at which `words` occur in `text`. Throws Error{input} unless they do so exactly once; it says so
/// if they are there in another Unicode normalisation form.
std::size_t find_words(const PlaceKey& key, std::string_view text, std::string_view words);

/// For words that also read as a range, such as "9:30": are they the range? Words that stand in the text are
/// words. Throws Error{input} if both readings are possible: `fits`, the range is one of the text.
bool is_range(const PlaceKey& key, std::string_view text, std::string_view words, std::pair<int, int> range,
              bool fits);

}  // namespace llmx
