#pragma once
// What is explained: the pass that is replayed and what is differentiated of it, for each kind of model.

#include <functional>
#include <llmx/request.hpp>
#include <llmx/result.hpp>
#include <optional>

#include "engine/pass/pass.hpp"
#include "replay/gradient.hpp"
#include "task/extractive/extract.hpp"

namespace llmx {

/// What is differentiated of an encoder: factor times the loss of a span.
struct SpanTarget {
    int start = 0, end = 0;  ///< tokens of the pair, both included
    float factor = 1;
};

/// A pass and its objective. Its rows are the prompt's tokens (an encoder-decoder's source) and, after
/// them, the text's.
struct Subject {
    engine::PassInput input;
    int prompt = 0;  ///< rows
    int text = 0;
    std::function<double(const Tensor& results)> value;  ///< of the objective
    replay::Gradient::Seed seed;                         ///< its gradient with respect to the results
    std::optional<SpanTarget> span = {};                 ///< an encoder's
    std::vector<UnitChoice::Part> parts = {};            ///< of the prompt's text
};

/// A text after the prompt: the answer, or (teacher) the label.
Subject replay_of_text(const Request& request, const Model& model, const Tokens& text);

/// A span that an encoder finds in the pair it has read.
Subject replay_of_span(const Request& request, const Model& model, const task::Extraction& extraction);

/// Texts and ids of the result.
void describe(const Request& request, const Model& model, Explanation& result);
void describe(const task::Extraction& extraction, const Model& model, Explanation& result);

}  // namespace llmx
