#include "method/context_cues.hpp"

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>
#include <numeric>
#include <string>

#include "objective/readout.hpp"

namespace llmx::method {

double context_change(std::string_view metric, std::span<const float> with, std::span<const float> without,
                      Token answer) {
    if (metric == "kl") return objective::divergence(with, without);
    if (metric == "reverse_kl") return objective::divergence(without, with);
    const double before = objective::log_probability(without, answer);
    const double after = objective::log_probability(with, answer);
    if (metric == "logprob") return after - before;
    if (metric == "probability") return std::exp(after) - std::exp(before);
    throw Error(ErrorCode::internal, "context_change: unknown metric " + std::string(metric));
}

double threshold(std::span<const double> values, double deviations) {
    const auto count = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    double squares = 0;
    for (const double v : values) squares += (v - mean) * (v - mean);
    return mean + deviations * std::sqrt(squares / std::max(count - 1, 1.0));
}

std::vector<int> outstanding(std::span<const double> values, double deviations, int top) {
    const double least = threshold(values, deviations);
    const auto size = [&](int i) { return std::abs(values[static_cast<std::size_t>(i)]); };
    std::vector<int> found;
    for (int i = 0; i < static_cast<int>(values.size()); ++i) {
        if (size(i) >= least) found.push_back(i);
    }
    if (top == 0 || found.size() <= static_cast<std::size_t>(top)) return found;
    std::stable_sort(found.begin(), found.end(), [&](int a, int b) { return size(a) > size(b); });
    found.resize(static_cast<std::size_t>(top));
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace llmx::method
