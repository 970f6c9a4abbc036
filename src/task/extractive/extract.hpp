#pragma once
// An encoder's answer to a question: every window of the context is read, the best span wins.

#include <llmx/request.hpp>
#include <llmx/result.hpp>

#include "engine/pass/pass.hpp"
#include "task/extractive/windows.hpp"

namespace llmx::task {

struct Extraction {
    Pair pair;          ///< the winning window
    SpanResult answer;  ///< its logits and span
    bool has_label = false;
    int label_start = 0;  ///< places in the pair, both included; the class token where the label's part of
    int label_end = 0;    ///< the context is in another window
    std::string label;
    std::vector<std::string> warnings;
};

/// Takes the texts of request.pair, or the pair in request.input_ids. Throws Error{model} where the model
/// has no question-answering head, Error{input} for a label that is no part of the context,
/// Error{context_overflow} for a question that leaves no room.
Extraction extract(const Model& model, const Request& request);

/// The pass over a pair; every token's hidden state is wanted.
engine::PassInput pass_input(const PairFormat& format, const Pair& pair);

/// Tokens that the model reads at once, at most.
int longest_input(const Model& model, int allowed);

}  // namespace llmx::task
