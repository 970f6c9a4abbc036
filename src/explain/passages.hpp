#pragma once
// Which parts of a prompt an answer may rest on, and which only ask for it.

#include <llmx/why.hpp>
#include <vector>

#include "unit/split.hpp"

namespace llmx {

/// The sentences of a prompt.
struct Passages {
    std::vector<Unit> sources;      ///< what an answer may rest on
    std::vector<WhyPassage> asked;  ///< question and instructions
};

/// Sources are the texts of documents, contexts and tools, where there are any; else what was said before the
/// last user's message, and in that message, or in a prompt without parts, all but the questions (sentences
/// with a question mark) or, if it has none, its last paragraph of several. `units`: its sentences.
Passages passages_of(const unit::Text& text, const UnitChoice& choice, std::vector<Unit> units);

/// Where units are in the prompt, as one passage.
WhyPassage passage_of(const unit::Text& text, const std::vector<const Unit*>& units);

}  // namespace llmx
