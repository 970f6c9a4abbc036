// How two models' predictions of one answer differ.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/compare.hpp>
#include <llmx/error.hpp>

#include "objective/objective.hpp"

namespace llmx {
namespace {

/// KL(p || q) of two rows of logits, in nats, summed in double.
double divergence(std::span<const float> p, std::span<const float> q) {
    const double sum_p = objective::log_sum_exp(p);
    const double sum_q = objective::log_sum_exp(q);
    double total = 0;
    for (std::size_t v = 0; v < p.size(); ++v) {
        const double log_p = static_cast<double>(p[v]) - sum_p;
        total += std::exp(log_p) * (log_p - (static_cast<double>(q[v]) - sum_q));
    }
    return std::max(total, 0.0);  // below 0 only by rounding
}

std::size_t most_probable(std::span<const float> row) {
    return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

}  // namespace

AnswerDrift compare_answers(const Tokens& answer, const Tensor& first, const Tensor& second) {
    const auto rows = static_cast<std::int64_t>(answer.size());
    if (rows == 0) throw Error(ErrorCode::input, "answer: is empty; expected some tokens");
    for (const Tensor* logits : {&first, &second}) {
        if (logits->shape.size() != 2 || logits->shape[0] != rows)
            throw Error(ErrorCode::input, fmt::format("logits: expected a row for each of {} tokens", rows));
    }
    if (first.shape != second.shape) {
        throw Error(ErrorCode::input, fmt::format("vocabularies differ: {} and {} tokens; expected the same",
                                                  first.shape[1], second.shape[1]));
    }
    AnswerDrift drift;
    double agreed = 0;
    for (std::size_t t = 0; t < answer.size(); ++t) {
        const auto p = first.row(t);
        const auto q = second.row(t);
        drift.first_logprob += objective::log_probability(p, answer[t]);
        drift.second_logprob += objective::log_probability(q, answer[t]);
        const double kl = divergence(p, q);
        drift.mean_kl += kl / static_cast<double>(rows);
        drift.max_kl = std::max(drift.max_kl, kl);
        agreed += most_probable(p) == most_probable(q) ? 1 : 0;
    }
    drift.greedy_agreement = agreed / static_cast<double>(rows);
    return drift;
}

}  // namespace llmx
