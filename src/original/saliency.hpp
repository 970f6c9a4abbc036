#pragma once
// The original's scores of tokens from gradients at the embeddings (definitions 1.3).

#include <llmx/result.hpp>

#include "replay/gradient.hpp"

namespace llmx::original {

/// The original's numbers over the first `prompt` tokens. `embeddings`: [tokens, embedding].
GradientResult gradient_result(const replay::Gradient::Result& gradient, const Tensor& embeddings,
                               const Tokens& replayed, int prompt);

}  // namespace llmx::original
