#include "method/scores.hpp"

#include <algorithm>

namespace llmx::method {

namespace {

void add(const Tensor& more, Tensor& sum) {
    std::transform(more.values.begin(), more.values.end(), sum.values.begin(), sum.values.begin(),
                   std::plus<>());
}

void divide(Tensor& tensor, double by) {
    for (float& value : tensor.values) value = static_cast<float>(value / by);
}

}  // namespace

void add(const Scores& more, Scores& sum) {
    add(more.scores, sum.scores);
    add(more.standard_errors, sum.standard_errors);
    add(more.interactions, sum.interactions);
    for (std::size_t t = 0; t < sum.completeness.size(); ++t) {
        sum.completeness[t].f_input += more.completeness[t].f_input;
        sum.completeness[t].f_baseline += more.completeness[t].f_baseline;
        sum.completeness[t].residual += more.completeness[t].residual;
    }
    for (const auto& [name, value] : more.notes) {
        std::string& note = sum.notes[name];
        if (note != value) note += "+" + value;
    }
    if (sum.noise && more.noise) *sum.noise += *more.noise;
    for (const std::string& warning : more.warnings) {
        if (std::find(sum.warnings.begin(), sum.warnings.end(), warning) == sum.warnings.end())
            sum.warnings.push_back(warning);
    }
}

void divide(Scores& scores, double by) {
    if (by == 1) return;
    divide(scores.scores, by);
    divide(scores.standard_errors, by);
    divide(scores.interactions, by);
    for (Completeness& of_target : scores.completeness) {
        of_target.f_input /= by;
        of_target.f_baseline /= by;
        of_target.residual /= by;
    }
    if (scores.noise) *scores.noise /= by;
}

}  // namespace llmx::method
