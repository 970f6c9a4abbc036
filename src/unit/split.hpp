#pragma once
// From the tokens of the sources to the units that are scored.

#include <llmx/explainer.hpp>
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
    std::vector<UnitChoice::Part> parts;  ///< roles, as byte ranges of that text
};

/// Rows that stay in every text and take no score.
std::vector<bool> held(const Text& text, const UnitChoice& choice);

/// The units, in order; every row that is not held belongs to exactly one.
std::vector<Unit> split(const Text& text, const UnitChoice& choice);

/// Rows whose text lies in characters [first, last) of the prompt.
std::vector<int> rows_between(const Text& text, std::pair<int, int> characters);

/// Scores of rows [targets, rows] as scores of units [targets, units]: sum, mean, max_abs.
Tensor aggregate(const Tensor& scores, const std::vector<Unit>& units, const std::string& aggregation);

/// Throws Error{usage} for what cannot be.
void require_choice(const UnitChoice& choice);

}  // namespace llmx::unit
