#pragma once
// Sensitivity-max: how much a map changes under small noise on what it is computed from (definitions 5; Yeh
// et al. 2019).

#include <functional>
#include <llmx/result.hpp>
#include <llmx/tensor.hpp>

#include "method/function.hpp"

namespace llmx::faithfulness {

/// Deviation of the noise, over the root mean square of the point's rows that are not fixed.
inline constexpr double noise_level = 0.02;

/// Throws Error{usage} for a number of samples that is not 0 to 1,000.
void require_sensitivity(int samples);

/// The largest of ||map at a noisy point - map|| / ||map|| over `samples` points, both norms L2 over all
/// scores (over 1 instead of ||map|| where that is 0, as Captum's sensitivity_max). A noisy point is the
/// function's with Gaussian noise on its rows that are not fixed. `map_of`: the scores at a function's input,
/// of one shape; `map`: those at `function`'s own.
Faithfulness::SensitivityMax sensitivity_max(method::Function& function, const Tensor& map,
                                             const std::function<Tensor(method::Function&)>& map_of,
                                             int samples, std::uint32_t seed);

}  // namespace llmx::faithfulness
