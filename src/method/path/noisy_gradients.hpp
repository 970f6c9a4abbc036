#pragma once
// Gradients at the input with Gaussian noise on it: what SmoothGrad and its variants share (definitions 3).

#include <string>
#include <vector>

#include "method/definition.hpp"

namespace llmx::method {

/// The options of every such method: `samples`, `seed`, `noise`, `norm`.
std::vector<Option> noisy_gradient_options();

/// Definition::evaluations: one for each sample.
double one_a_sample(const Extent& extent, const Options& options);

/// Tells `each` the gradient of every target at `samples` points, the input with new noise on the rows that
/// are not fixed; one point after another, in their order.
void at_noisy_points(Function& function, const Options& options, const Function::EachAt& each);

/// One tensor of zeros a target, of the input's shape.
std::vector<Tensor> zero_gradients(const Function& function);

/// [targets, rows]: the size, by `norm`, of each row that is not fixed of one tensor a target.
Tensor sizes(const Function& function, const std::vector<Tensor>& tensors, const std::string& norm);

}  // namespace llmx::method
