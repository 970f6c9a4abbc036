#pragma once
// Scores per token from gradients at the embeddings (definitions 1.3 and 3).

#include <llmx/result.hpp>

#include "core/tensor_view.hpp"
#include "replay/gradient.hpp"

namespace llmx::method {

/// The original's numbers over the first `prompt` tokens. `embeddings`: [tokens, embedding].
GradientResult gradient_result(const Gradient::Result& gradient, const Tensor& embeddings,
                               const Tokens& replayed, int prompt);

/// L2 norm of each row of a gradient.
void saliency_l2(const TensorView<const float>& gradient, std::span<float> scores);

/// Sum over a row of embedding times gradient.
void input_x_gradient(const TensorView<const float>& gradient, const Tensor& embeddings,
                      std::span<float> scores);

}  // namespace llmx::method
