#include "objective/objective.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <llmx/error.hpp>
#include <numeric>

#include "core/fast_math.hpp"

namespace llmx::objective {

double log_sum_exp(std::span<const float> logits) {
    // Several sums at once, so that the loops vectorise: vocabularies are long, and every text needs this.
    constexpr std::size_t lanes = 16;
    std::array<float, lanes> tops;
    tops.fill(logits[0]);
    std::array<double, lanes> sums{};
    const std::size_t whole = logits.size() / lanes * lanes;
    for (std::size_t v = 0; v < whole; v += lanes) {
        for (std::size_t l = 0; l < lanes; ++l) tops[l] = std::max(tops[l], logits[v + l]);
    }
    float top = *std::max_element(tops.begin(), tops.end());
    for (std::size_t v = whole; v < logits.size(); ++v) top = std::max(top, logits[v]);
    for (std::size_t v = 0; v < whole; v += lanes) {
        for (std::size_t l = 0; l < lanes; ++l) sums[l] += static_cast<double>(fast_exp(logits[v + l] - top));
    }
    double sum = std::accumulate(sums.begin(), sums.end(), 0.0);
    for (std::size_t v = whole; v < logits.size(); ++v) sum += static_cast<double>(fast_exp(logits[v] - top));
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

double value_of(std::span<const Term> terms, const Tensor& logits) {
    double value = 0;
    for (const auto& [output, token, weight] : terms)
        value += weight * log_probability(logits.row(static_cast<std::size_t>(output)), token);
    return value;
}

Tensor gradient_of(std::span<const Term> terms, const Tensor& logits) {
    Tensor gradient = Tensor::zero(logits.shape);
    for (const auto& [output, token, weight] : terms) {
        const auto row = static_cast<std::size_t>(output);
        add_gradient(logits.row(row), token, weight, gradient.row(row));
    }
    return gradient;
}

}  // namespace llmx::objective
