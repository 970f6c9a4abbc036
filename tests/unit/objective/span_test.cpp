#include <gtest/gtest.h>

#include <random>

#include "objective/span.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

struct Case {
    Tensor hidden{{5, 7}, std::vector<float>(35)};
    QaHead head{{{2, 7}, std::vector<float>(14)}, {{2}, {0.3F, -0.2F}}};

    Case() {
        std::mt19937 generator(11);
        std::normal_distribution<float> normal;
        for (float& x : hidden.values) x = normal(generator);
        for (float& x : head.weight.values) x = normal(generator);
    }
};

/// The loss written out in double, of hidden states in double.
double plain_loss(const Case& c, const std::vector<double>& hidden, int start, int end) {
    double loss = 0;
    for (const auto& [row, position] : {std::pair{0, start}, std::pair{1, end}}) {
        if (position >= 5) continue;
        std::vector<double> logits(5);
        double sum = 0;
        for (std::size_t t = 0; t < 5; ++t) {
            logits[t] = c.head.bias.values[static_cast<std::size_t>(row)];
            for (std::size_t d = 0; d < 7; ++d)
                logits[t] += hidden[t * 7 + d] * c.head.weight.row(static_cast<std::size_t>(row))[d];
            sum += std::exp(logits[t]);
        }
        loss -= 0.5 * (logits[static_cast<std::size_t>(std::max(position, 0))] - std::log(sum));
    }
    return loss;
}

TEST(Span, GradientIsTheLossesDerivative) {
    const Case c;
    for (const auto& [start, end] : {std::pair{1, 3}, {0, 4}, {2, 2}, {-3, 1}, {1, 5}}) {
        const std::vector<double> hidden(c.hidden.values.begin(), c.hidden.values.end());
        EXPECT_CLOSE(objective::span_loss(objective::span_logits(c.hidden, c.head), start, end),
                     plain_loss(c, hidden, start, end), 1.1e-7);
        const Tensor gradient = objective::span_gradient(c.hidden, c.head, start, end);
        for (std::size_t i = 0; i < hidden.size(); ++i) {
            std::vector<double> up = hidden;
            std::vector<double> down = hidden;
            up[i] += 1e-5;
            down[i] -= 1e-5;
            const double truth = (plain_loss(c, up, start, end) - plain_loss(c, down, start, end)) / 2e-5;
            EXPECT_CLOSE(gradient.values[i], truth, 1.1e-7);
        }
    }
}

TEST(Span, PositionsBeyondTheTextCountNothing) {
    const Case c;
    EXPECT_EQ(objective::span_loss(objective::span_logits(c.hidden, c.head), 5, 9), 0.0);
    for (const float g : objective::span_gradient(c.hidden, c.head, 5, 9).values) EXPECT_EQ(g, 0.0F);
}

}  // namespace
}  // namespace llmx
