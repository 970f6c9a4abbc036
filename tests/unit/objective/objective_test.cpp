#include "objective/objective.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/measured.hpp"

namespace llmx::objective {
namespace {

const std::vector<float> logits{0.3F, -1.2F, 2.5F, 0.0F, 80.0F, -80.0F};

TEST(Objective, LogProbabilitiesSumToOneAndStayFiniteFarOut) {
    double sum = 0;
    for (Token t = 0; t < 6; ++t) sum += std::exp(log_probability(logits, t));
    EXPECT_CLOSE(sum, 1.0, 2.3e-16);
    EXPECT_CLOSE(log_probability(logits, 5), -160.0, 6e-8);
}

TEST(Objective, GradientIsTheDerivative) {
    const std::vector<float> z{0.3F, -1.2F, 2.5F, 0.0F};
    const double weight = -0.7;
    const Token token = 1;
    std::vector<float> gradient(z.size(), 1.0F);  // it adds
    add_gradient(z, token, weight, gradient);
    for (std::size_t v = 0; v < z.size(); ++v) {
        const auto value = [&](float step) {
            std::vector<float> moved = z;
            moved[v] += step;
            return weight * log_probability(moved, token);
        };
        const double slope = (value(0.0078125F) - value(-0.0078125F)) / 0.015625;
        EXPECT_CLOSE(gradient[v] - 1.0, slope, 6.3e-7);
    }
}

TEST(Objective, AlignedIsTheMeanOverTheLabelCutToTheAnswer) {
    const Tokens answer{7, 8};
    const Tokens label{4, 5, 6};
    const Terms aligned = terms(Objective::aligned, answer, label);
    ASSERT_EQ(aligned.size(), 2U);  // row 2 has no answer token: a constant
    EXPECT_EQ(aligned[1].output, 1);
    EXPECT_EQ(aligned[1].token, 5);
    EXPECT_DOUBLE_EQ(aligned[1].weight, -1.0 / 3);
    EXPECT_EQ(terms(Objective::aligned, {label.begin(), label.end()}, answer).size(), 2U);
    EXPECT_EQ(terms(Objective::teacher, answer, label).size(), 3U);
    EXPECT_EQ(terms(Objective::generated, answer, label)[1].token, 8);
}

}  // namespace
}  // namespace llmx::objective
