#pragma once
// The source rows of a text, as the text that units are cut from.

#include <llmx/model.hpp>

#include "explain/subject.hpp"
#include "unit/split.hpp"

namespace llmx {

/// Rows that take scores: the prompt's, or those of the text too.
int sources_of(const Request& request, const Subject& subject);

/// The first `sources` rows of the subject.
unit::Text unit_text(const Model& model, const Subject& subject, int sources);

/// The same of the prompt alone (an encoder-decoder's source), before there is an answer.
unit::Text unit_text(const Model& model, const Request& request);

}  // namespace llmx
