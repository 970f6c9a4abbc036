#pragma once
// Extractive question answering: the loss of an encoder with a head of two rows for an answer's span. The
// head is the original's `qa_outputs`, float32, outside of llama.cpp.

#include <llmx/model.hpp>

namespace llmx::objective {

/// Logits per token of being the answer's first or last one.
struct SpanLogits {
    std::vector<float> start;  ///< [tokens]
    std::vector<float> end;    ///< [tokens]
};

/// hidden W^T + b. hidden: [tokens, embedding].
SpanLogits span_logits(const Tensor& hidden, const QaHead& head);

/// Definitions 1.3: (CE(start logits, start) + CE(end logits, end)) / 2. A position outside the tokens,
/// clamped to [0, tokens], counts 0; if both are, the loss is 0.
double span_loss(const SpanLogits& logits, int start, int end);

/// Its gradient with respect to the hidden states, [tokens, embedding].
Tensor span_gradient(const Tensor& hidden, const QaHead& head, int start, int end);

}  // namespace llmx::objective
