#include "method/path/sampled_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "method/path/path.hpp"

namespace llmx::method {

Scores sampled_path(Function& function, int samples, Random& random,
                    const std::function<Tensor(Random&)>& draw) {
    const Tensor& input = function.input();
    const auto rows = static_cast<std::size_t>(input.shape[0]);
    const std::size_t targets = function.targets();
    std::vector<double> sum(targets * rows);
    std::vector<double> squares(targets * rows);
    std::vector<double> f_baseline(targets);
    for (int s = 0; s < samples; ++s) {
        const Tensor baseline = draw(random);
        const std::vector<double> values = function.values(baseline);
        for (std::size_t t = 0; t < targets; ++t) f_baseline[t] += values[t] / samples;
        const double at = random.uniform();
        function.gradients(between(baseline, input, at),
                           [&](std::size_t t, const TensorView<const float>& gradient) {
                               std::vector<double> products(rows);
                               add_products(baseline, input, gradient, function.fixed(), 1, products);
                               for (std::size_t r = 0; r < rows; ++r) {
                                   sum[t * rows + r] += products[r];
                                   squares[t * rows + r] += products[r] * products[r];
                               }
                           });
    }
    const std::vector<double> f_input = function.values(input);
    Scores found{Tensor::zero({static_cast<std::int64_t>(targets), static_cast<std::int64_t>(rows)})};
    found.standard_errors = found.scores;
    for (std::size_t i = 0; i < sum.size(); ++i) {
        const double mean = sum[i] / samples;
        const double variance = samples > 1 ? std::max(0.0, squares[i] - sum[i] * mean) / (samples - 1) : 0.0;
        sum[i] = mean;
        found.scores.values[i] = static_cast<float>(mean);
        found.standard_errors.values[i] = static_cast<float>(std::sqrt(variance / samples));
    }
    for (std::size_t t = 0; t < targets; ++t) {
        found.completeness.push_back(
            completeness(std::span(sum).subspan(t * rows, rows), f_input[t], f_baseline[t]));
    }
    const double missed = worst_residual(found);
    if (missed > tolerated_residual) {
        found.warnings.push_back(fmt::format(
            "the scores miss f(input) - f(baseline) by up to {:.1f} % of it with {} samples; more "
            "`samples` help, as does `hold` template in a chat",
            100 * missed, samples));
    }
    return found;
}

}  // namespace llmx::method
