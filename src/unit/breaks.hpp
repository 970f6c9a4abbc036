#pragma once
// Where a text can be split. The only file that uses ICU; all positions are bytes of UTF-8, and invalid bytes
// count as U+FFFD.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace llmx::unit {

enum class Division { word, sentence, line, paragraph };

/// The end of each word (space and punctuation between words are parts of their own), sentence, line or
/// paragraph, ascending; the last is the text's size. Words and sentences are those of Unicode's annex 29,
/// with ICU's dictionaries for scripts without spaces, and a list of English abbreviations, which do not end
/// a sentence. Lines end after a line break of any kind, paragraphs after blank lines.
std::vector<std::size_t> ends(std::string_view text, Division division);

/// White space as defined by the Unicode property White_Space.
bool is_white_space(std::string_view character);

/// A regular expression of ICU.
class Pattern {
public:
    /// Throws Error{usage} for one that does not compile.
    explicit Pattern(const std::string& pattern);
    ~Pattern();
    Pattern(Pattern&&) noexcept;
    Pattern& operator=(Pattern&&) noexcept;

    /// Matches that are not empty, [first, last). Throws Error{input} if they take too long to find.
    [[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> matches(std::string_view text) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace llmx::unit
