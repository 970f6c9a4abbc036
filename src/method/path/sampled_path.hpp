#pragma once
// The expectation of (input - baseline) times the gradient at a random point between them, over random
// baselines: what GradientSHAP and expected gradients share (definitions 3).

#include <functional>

#include "method/function.hpp"
#include "method/scores.hpp"

namespace llmx::method {

/// The mean over `samples` draws, its standard errors, and how far it sums to f(input) - mean f(baseline).
/// `draw` gives a baseline; the point between it and the input is uniform.
Scores sampled_path(Function& function, int samples, Random& random,
                    const std::function<Tensor(Random&)>& draw);

}  // namespace llmx::method
