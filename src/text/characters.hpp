#pragma once
// What Unicode says of characters, by ICU.

#include <functional>
#include <string>
#include <string_view>

namespace llmx {

/// Calls `f(code point, its bytes)` for each character of valid UTF-8.
void each_character(std::string_view text, const std::function<void(char32_t, std::string_view)>& f);

/// Cells of a terminal or of a monospaced font that a character takes: 2 if East Asian and wide or an emoji,
/// 0 if it combines with the one before (marks, emoji modifiers), else 1.
int cells(char32_t character);

/// Nothing is drawn for it: controls, format characters, line and paragraph separators, fillers,
/// noncharacters.
bool is_invisible(char32_t character);

/// Valid UTF-8 with every Hangul syllable written as its letters (normalisation form D). BERT's tokenizers
/// strip accents of such text; llama.cpp decomposes everything but Hangul.
std::string decompose_hangul(std::string_view text);

/// Valid UTF-8 in normalisation form C: a letter and its accent are one character where there is one.
std::string composed(std::string_view text);

}  // namespace llmx
