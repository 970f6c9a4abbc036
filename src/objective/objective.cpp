#include "objective/objective.hpp"

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>

namespace llmx::objective {

double log_sum_exp(std::span<const float> logits) {
    const double top = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const float z : logits) sum += std::exp(z - top);
    return top + std::log(sum);
}

Terms terms(Objective kind, std::span<const Token> answer, std::span<const Token> label) {
    Terms result;
    if (kind == Objective::aligned) {
        const std::size_t rows = std::min(answer.size(), label.size());
        const double weight = -1.0 / static_cast<double>(label.size());
        for (std::size_t t = 0; t < rows; ++t) result.push_back({static_cast<int>(t), label[t], weight});
        return result;
    }
    const std::span<const Token> target = kind == Objective::teacher ? label : answer;
    for (std::size_t t = 0; t < target.size(); ++t) result.push_back({static_cast<int>(t), target[t], 1.0});
    return result;
}

double log_probability(std::span<const float> logits, Token token) {
    return logits[static_cast<std::size_t>(token)] - log_sum_exp(logits);
}

double divergence(std::span<const float> logits, std::span<const float> reference) {
    const double norm = log_sum_exp(logits);
    const double reference_norm = log_sum_exp(reference);
    double sum = 0;
    for (std::size_t v = 0; v < logits.size(); ++v)
        sum += std::exp(logits[v] - norm) * ((logits[v] - norm) - (reference[v] - reference_norm));
    return sum;
}

void add_gradient(std::span<const float> logits, Token token, double weight, std::span<float> gradient) {
    const double normaliser = log_sum_exp(logits);
    for (std::size_t v = 0; v < logits.size(); ++v) {
        gradient[v] -= static_cast<float>(weight * std::exp(logits[v] - normaliser));
    }
    gradient[static_cast<std::size_t>(token)] += static_cast<float>(weight);
}

}  // namespace llmx::objective
