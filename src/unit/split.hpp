#pragma once
// What scores are given to: a prompt's (and answer's) tokens in words, sentences, messages, and the like.

#include <llmx/request.hpp>
#include <llmx/result.hpp>
#include <string>
#include <utility>
#include <vector>

namespace llmx::unit {

/// The source rows as text.
struct Text {
    std::vector<std::string>
        tokens;                 ///< bytes of each row's token; the text is all of them one after another
    std::vector<bool> special;  ///< control tokens
    int prompt = 0;             ///< rows from here on are the answer's
    std::vector<UnitChoice::Part> parts;  ///< bytes of that text, ascending, apart from each other
};

/// Throws Error{usage} for kinds, aggregations and hold words that are not known, a regex that is missing or
/// does not compile, spans that are missing or out of order.
void require_choice(const UnitChoice& choice);

/// Rows that stay in every text and take no score (UnitChoice::hold). Throws Error{usage} for "template"
/// where the prompt has no parts.
std::vector<bool> held(const Text& text, const UnitChoice& choice);

/// The units, in order of their first rows; every row that is not held belongs to exactly one. Kinds:
/// - token: every row, by itself.
/// - word, sentence, line, paragraph: each within its part of the text (a message, the answer, or all of a
///   prompt without parts). Rows outside the parts are of kind "template", one unit a run; control tokens are
///   of kind "special", each a unit.
/// - turn: a unit a part, its kind the role; the rest is "template", one unit a run; the answer is "answer".
///   role: the same, one unit all parts of a role, and one all the rest.
/// - regex, spans: matches and spans (kind "span"), and "rest" between them. A match lies between control
///   tokens and is not empty; a row of it belongs to it even if it begins before it.
/// Rows that share a character are never parted, and a row that reaches over several words (sentences, lines,
/// paragraphs) joins them. White space alone belongs to what is before it, in its part; first in it, to what
/// is after it.
/// Throws Error{usage} for turn and role where the prompt has no parts, Error{input} for spans that no row
/// belongs to.
std::vector<Unit> split(const Text& text, const UnitChoice& choice);

/// Rows of the prompt with some of their text in characters [first, last) of it (code points), white space
/// around a row's text left out. Throws Error{input} where there is none.
std::vector<int> rows_between(const Text& text, std::pair<int, int> characters);

/// Rows of the context: as the choice says, by characters or by words, else the part of that role; none where
/// there is none. Throws Error{input} for words that are not in the prompt, or more than once.
std::vector<int> context_rows(const Text& text, const UnitChoice& choice);

/// Scores of rows, [targets, rows], as scores of units, [targets, units]: sum, mean, max_abs (the one of
/// largest size, with its sign).
Tensor aggregate(const Tensor& scores, const std::vector<Unit>& units, const std::string& aggregation);

}  // namespace llmx::unit
