#include "objective/span.hpp"

#include <algorithm>
#include <cmath>

#include "objective/objective.hpp"

namespace llmx::objective {

namespace {

/// Gradient of half the cross-entropy of one position, with respect to its logits.
std::vector<float> logits_gradient(const std::vector<float>& logits, int position) {
    std::vector<float> gradient(logits.size(), 0.0F);
    const int at = std::max(position, 0);
    if (at < static_cast<int>(logits.size())) add_gradient(logits, at, -0.5, gradient);
    return gradient;
}

double half_loss(const std::vector<float>& logits, int position) {
    const int at = std::max(position, 0);
    return at < static_cast<int>(logits.size()) ? -0.5 * log_probability(logits, at) : 0.0;
}

}  // namespace

SpanLogits span_logits(const Tensor& hidden, const QaHead& head) {
    const auto tokens = static_cast<std::size_t>(hidden.shape.front());
    SpanLogits logits{std::vector<float>(tokens), std::vector<float>(tokens)};
    for (std::size_t t = 0; t < tokens; ++t) {
        const auto h = hidden.row(t);
        for (const std::size_t r : {0U, 1U}) {
            const auto w = head.weight.row(r);
            double sum = head.bias.values[r];
            for (std::size_t d = 0; d < h.size(); ++d) sum += static_cast<double>(h[d]) * w[d];
            (r == 0 ? logits.start : logits.end)[t] = static_cast<float>(sum);
        }
    }
    return logits;
}

double span_loss(const SpanLogits& logits, int start, int end) {
    return half_loss(logits.start, start) + half_loss(logits.end, end);
}

Tensor span_gradient(const Tensor& hidden, const QaHead& head, int start, int end) {
    const SpanLogits logits = span_logits(hidden, head);
    const std::vector<float> of_start = logits_gradient(logits.start, start);
    const std::vector<float> of_end = logits_gradient(logits.end, end);
    Tensor gradient{hidden.shape, std::vector<float>(hidden.values.size())};
    for (std::size_t t = 0; t < of_start.size(); ++t) {
        const auto row = gradient.row(t);
        for (std::size_t d = 0; d < row.size(); ++d)
            row[d] = of_start[t] * head.weight.row(0)[d] + of_end[t] * head.weight.row(1)[d];
    }
    return gradient;
}

}  // namespace llmx::objective
