#include "unit/breaks.hpp"

#include <fmt/format.h>
#include <unicode/brkiter.h>
#include <unicode/filteredbrk.h>
#include <unicode/regex.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>

#include <llmx/error.hpp>

#include "text/utf8.hpp"

namespace llmx::unit {

namespace {

constexpr int longest_search = 5000;  // about milliseconds, says ICU

void require(UErrorCode status, const char* what) {
    if (U_SUCCESS(status)) return;
    throw Error(ErrorCode::internal, fmt::format("units: ICU cannot {}: {}", what, u_errorName(status)));
}

icu::LocalUTextPointer open(std::string_view text) {
    UErrorCode status = U_ZERO_ERROR;
    icu::LocalUTextPointer opened(
        utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &status));
    require(status, "read the text");
    return opened;
}

using Iterator = std::unique_ptr<icu::BreakIterator>;

Iterator words() {
    UErrorCode status = U_ZERO_ERROR;
    Iterator made(icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
    require(status, "find words");
    return made;
}

/// By the root locale's rules, but for abbreviations: ICU's English list, and what is missing there.
Iterator sentences() {
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<icu::FilteredBreakIteratorBuilder> builder(
        icu::FilteredBreakIteratorBuilder::createInstance(icu::Locale::getEnglish(), status));
    require(status, "read its abbreviations");
    for (const char* abbreviation : {"Dr.", "St.", "Fig.", "Eq."})
        builder->suppressBreakAfter(abbreviation, status);
    Iterator plain(icu::BreakIterator::createSentenceInstance(icu::Locale::getRoot(), status));
    require(status, "find sentences");
    Iterator made(builder->build(plain.release(), status));
    require(status, "find sentences");
    return made;
}

/// Ends after every match of a separator.
std::vector<std::size_t> ends_after(std::string_view text, const Pattern& separator) {
    std::vector<std::size_t> found;
    for (const auto& [first, last] : separator.matches(text)) found.push_back(last);
    if (found.empty() || found.back() != text.size()) found.push_back(text.size());
    return found;
}

}  // namespace

std::vector<std::size_t> ends(std::string_view text, Division division) {
    if (text.empty()) return {0};
    if (division == Division::line) return ends_after(text, Pattern("\\R"));
    if (division == Division::paragraph) return ends_after(text, Pattern("\\u2029|(?:\\R\\h*){2,}"));
    const Iterator breaks = division == Division::word ? words() : sentences();
    const icu::LocalUTextPointer opened = open(text);
    UErrorCode status = U_ZERO_ERROR;
    breaks->setText(opened.getAlias(), status);
    require(status, "read the text");
    std::vector<std::size_t> found;
    for (std::int32_t at = breaks->next(); at != icu::BreakIterator::DONE; at = breaks->next())
        found.push_back(static_cast<std::size_t>(at));
    return found;
}

bool is_white_space(std::string_view character) {
    const icu::LocalUTextPointer opened = open(character);
    return u_isUWhiteSpace(utext_char32At(opened.getAlias(), 0)) != 0;
}

struct Pattern::Impl {
    std::string source;
    std::unique_ptr<icu::RegexPattern> compiled;
};

Pattern::Pattern(const std::string& pattern) : impl_(std::make_unique<Impl>()) {
    utf8::require_valid(pattern, "units regex");
    UErrorCode status = U_ZERO_ERROR;
    UParseError at{};
    impl_->source = pattern;
    impl_->compiled.reset(icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(pattern), at, status));
    if (U_SUCCESS(status)) return;
    throw Error(ErrorCode::usage, fmt::format("units regex: \"{}\" does not compile: {} at character {}; "
                                              "expected a regular expression of ICU",
                                              pattern, u_errorName(status), at.offset));
}

Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;

std::vector<std::pair<std::size_t, std::size_t>> Pattern::matches(std::string_view text) const {
    const icu::LocalUTextPointer opened = open(text);
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<icu::RegexMatcher> matcher(impl_->compiled->matcher(status));
    require(status, "make a matcher");
    matcher->setTimeLimit(longest_search, status);
    matcher->reset(opened.getAlias());
    std::vector<std::pair<std::size_t, std::size_t>> found;
    while (matcher->find(status) != 0) {
        const std::int64_t first = matcher->start64(status);
        const std::int64_t last = matcher->end64(status);
        if (last > first) found.emplace_back(static_cast<std::size_t>(first), static_cast<std::size_t>(last));
    }
    if (U_SUCCESS(status)) return found;
    throw Error(ErrorCode::input,
                fmt::format("units regex: \"{}\" on this text: {}; expected a pattern that is "
                            "found in less time and memory",
                            impl_->source, u_errorName(status)));
}

}  // namespace llmx::unit
