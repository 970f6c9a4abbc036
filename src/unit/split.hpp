#pragma once
// The units that get scores: a prompt's (and answer's) tokens, words, sentences, messages, and so on.

#include <llmx/request.hpp>
#include <llmx/result.hpp>
#include <string>
#include <utility>
#include <vector>

namespace llmx::unit {

/// The source rows as text.
struct Text {
    std::vector<std::string> tokens;      ///< bytes of each row's token; the text is their concatenation
    std::vector<bool> special;            ///< control tokens
    int prompt = 0;                       ///< rows from here on are the answer's
    std::vector<UnitChoice::Part> parts;  ///< bytes of that text, ascending, not overlapping
    /// The prompt as results show it (Explanation::prompt_text), which may have other white space than its
    /// tokens spell; empty: as they spell it.
    std::string shown_prompt = {};
};

/// Throws Error{usage} for a regex that is missing or does not compile, spans that are missing or out of
/// order.
void require_choice(const UnitChoice& choice);

/// Rows that stay in every text and get no score (UnitChoice::fixed). Throws Error{usage} for `chat_template`
/// if the prompt has no parts.
std::vector<bool> fixed_rows(const Text& text, const UnitChoice& choice);

/// The units, in order of their first rows; every row that is not fixed belongs to exactly one. Kinds:
/// - token: every row, by itself.
/// - word, sentence, line, paragraph: each within its part of the text (a message, the answer, or all of a
///   prompt without parts). Rows outside the parts are "template" units, one per run; each control token is a
///   "special" unit.
/// - turn: one unit per part, its kind the role; the rest is "template", one per run; the answer is "answer".
///   role: the same, but one unit for all parts of a role, and one for all the rest.
/// - regex, spans: matches and spans (kind "span"), and "rest" between them. A match lies between control
///   tokens and is not empty; a row that overlaps it belongs to it even if the row begins earlier.
/// Rows that share a character are never split, and a row that spans several words (sentences, lines,
/// paragraphs) joins them. White space belongs to what comes before it in its part or, at its start, to what
/// follows.
/// Throws Error{usage} for turn and role if the prompt has no parts, Error{input} for spans that no row
/// belongs to.
std::vector<Unit> split(const Text& text, const UnitChoice& choice);

/// Coarser groups of the units, the coarsest first: the parts of the text (messages, documents), its
/// paragraphs, its sentences, its words, as far as these are coarser than the units. One number a unit each:
/// of the group that its first row is in.
std::vector<std::vector<int>> levels_of(const Text& text, const UnitChoice& choice,
                                        const std::vector<Unit>& units);

/// Rows of the context: as chosen, by characters or by words, else the part with that role; empty if there is
/// none. Throws Error{input} for words that are not in the prompt, or more than once.
std::vector<int> context_rows(const Text& text, const UnitChoice& choice);

/// Which of the units, `split` from `text`, are part of the rationale: those with a row that has some of its
/// text in one of the places, ignoring white space around a row's text. One entry a unit, none without
/// places. Throws Error{input} for words that are not in the prompt, or more than once, for characters that
/// it does not have or that are white space, and for a place without a unit (its rows are held).
std::vector<bool> in_rationale(const Text& text, const std::vector<Unit>& units,
                               const std::vector<PromptPlace>& places);

/// `automatic` resolved for a method.
inline Aggregation resolved(Aggregation aggregation, bool is_signed) {
    if (aggregation != Aggregation::automatic) return aggregation;
    return is_signed ? Aggregation::sum : Aggregation::mean;
}

/// Scores of rows, [targets, rows], as scores of units, [targets, units].
Tensor aggregate(const Tensor& scores, const std::vector<Unit>& units, Aggregation aggregation);

/// Standard errors of those scores, from the rows' errors of the same shape: of the row whose score is taken
/// (max_abs); of a sum or mean a bound, the rows' errors summed or averaged, as their errors go together at
/// most.
Tensor aggregate_errors(const Tensor& scores, const Tensor& errors, const std::vector<Unit>& units,
                        Aggregation aggregation);

}  // namespace llmx::unit
