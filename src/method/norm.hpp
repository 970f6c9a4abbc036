#pragma once
// The size of a gradient.

#include <span>
#include <string>

#include "core/tensor_view.hpp"
#include "method/options.hpp"

namespace llmx::method {

/// The option `norm`: l2, l1, max_abs or mean_abs.
Option norm_option();

double norm(std::span<const float> values, const std::string& kind);

/// One row of a dense gradient, [1, 1, rows, width].
std::span<const float> row_of(const TensorView<const float>& gradient, std::int64_t row);

}  // namespace llmx::method
