#pragma once
// Gaussian noise on a function's point, in units of the size of its values.

#include "method/function.hpp"
#include "method/options.hpp"

namespace llmx::method {

/// The options of methods that draw samples: `samples`, `seed`.
std::vector<Option> sampling_options(std::string_view samples);
/// The option `noise`: deviation over the root mean square of the input's rows that are not fixed.
Option noise_option(std::string_view default_value);

/// The deviation that a noise level means. Smilkov et al. 2017 measure it by the range of a picture's values;
/// the range of embeddings is that of their few largest, many times the size of the others.
double deviation(const Function& function, double level);
/// `point` with noise on all rows that are not fixed.
Tensor noisy(const Function& function, const Tensor& point, double deviation, Random& random);

}  // namespace llmx::method
