// Seeds of readouts against central differences in double, for every measure and kind of target.

#include <gtest/gtest.h>

#include <cmath>

#include "objective/readout.hpp"
#include "support/measured.hpp"

namespace llmx::objective {
namespace {

/// Logits that are multiples of 1/64, so that steps of 1/16 are exact in float32.
Tensor made_logits(std::int64_t rows, int seed) {
    Tensor z = Tensor::zero({rows, 5});
    for (std::size_t i = 0; i < z.values.size(); ++i)
        z.values[i] = static_cast<float>(((37 + seed) * (static_cast<int>(i) + seed + 1)) % 199 - 99) / 64.0F;
    return z;
}

/// df / dz by differences of fourth order: errors of 2e-6, from those of 1e-7 of the values.
double slope(const Readout& readout, std::vector<Tensor> results, std::size_t target, std::size_t text,
             std::size_t i) {
    constexpr float h = 1.0F / 16;
    const float z = results[text].values[i];
    const auto at = [&](float steps) {
        results[text].values[i] = z + steps * h;
        return readout.values(results)[target];
    };
    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12.0 * h);
}

void expect_derivative(const Readout& readout, const std::vector<Tensor>& results, const std::string& what) {
    double largest = 0;
    for (std::size_t target = 0; target < readout.targets(); ++target) {
        for (std::size_t text = 0; text < results.size(); ++text) {
            const Tensor seed = readout.seed(target, text, results[text]);
            ASSERT_EQ(seed.shape, results[text].shape) << what;
            for (std::size_t i = 0; i < seed.values.size(); ++i) {
                EXPECT_CLOSE(seed.values[i], slope(readout, results, target, text, i), 6.5e-7)
                    << what << ", target " << target << ", text " << text << ", entry " << i;
                largest = std::max<double>(largest, std::abs(seed.values[i]));
            }
        }
    }
    EXPECT_GT(largest, 1e-3) << what << ": no gradient at all";
}

constexpr std::pair<Measure, const char*> measures[] = {{Measure::logprob, "logprob"},
                                                        {Measure::probability, "probability"},
                                                        {Measure::logit, "logit"},
                                                        {Measure::entropy, "entropy"},
                                                        {Measure::kl, "kl"}};

TEST(Readout, SeedsAreDerivativesOfEveryMeasure) {
    // a sum over three places, two of them with weights of their own; a span; one token
    const std::vector<Target> targets = {{{{0, {0, 1, 1.0}}, {0, {1, 4, 1.0}}, {0, {2, 0, 1.0}}}},
                                         {{{0, {1, 2, 1.0}}, {0, {2, 3, 1.0}}}},
                                         {{{0, {2, 3, 1.0}}}}};
    for (const auto& [measure, name] : measures)
        expect_derivative(*written_readout(measure, targets, made_logits(3, 11)), {made_logits(3, 0)}, name);
}

TEST(Readout, SeedsOfAContrastOfUnequalLengthsAreDerivatives) {
    const std::vector<Target> targets = {
        {{{0, {0, 1, 1.0}}, {0, {1, 4, 1.0}}, {0, {2, 0, 1.0}}, {1, {0, 2, -1.0}}, {1, {1, 3, -1.0}}}}};
    const std::vector<Tensor> results = {made_logits(3, 0), made_logits(2, 5)};
    for (const auto& [measure, name] : measures) {
        if (measure == Measure::entropy || measure == Measure::kl) continue;  // of one text only
        const auto readout = written_readout(measure, targets);
        expect_derivative(*readout, results, name);
        // f(A) - f(B)
        const Target answer{{targets[0].terms.begin(), targets[0].terms.begin() + 3}};
        Target other{{targets[0].terms.begin() + 3, targets[0].terms.end()}};
        for (Measured& m : other.terms) m = {0, {m.term.output, m.term.token, 1.0}};
        const double a = written_readout(measure, {answer})->values(std::vector{results[0]})[0];
        const double b = written_readout(measure, {other})->values(std::vector{results[1]})[0];
        EXPECT_CLOSE(readout->values(results)[0], a - b, 6e-8) << name;
    }
}

TEST(Readout, ValuesAreTheirFormulas) {
    const Tensor z = made_logits(2, 0);
    const Tensor q = made_logits(2, 11);
    const std::vector<Target> both = {{{{0, {0, 1, 1.0}}, {0, {1, 4, 1.0}}}}};
    double logprob = 0, logit = 0, entropy = 0, kl = 0;
    for (std::size_t r = 0; r < 2; ++r) {
        double z_sum = 0, q_sum = 0;
        for (std::size_t v = 0; v < 5; ++v) {
            z_sum += std::exp(static_cast<double>(z.row(r)[v]));
            q_sum += std::exp(static_cast<double>(q.row(r)[v]));
        }
        const std::size_t token = r == 0 ? 1 : 4;
        logprob += z.row(r)[token] - std::log(z_sum);
        logit += z.row(r)[token];
        for (std::size_t v = 0; v < 5; ++v) {
            const double p = std::exp(static_cast<double>(z.row(r)[v])) / z_sum;
            entropy -= p * std::log(p);
            kl += p * std::log(p / (std::exp(static_cast<double>(q.row(r)[v])) / q_sum));
        }
    }
    const auto value = [&](Measure m) { return written_readout(m, both, q)->values(std::vector{z})[0]; };
    EXPECT_CLOSE(value(Measure::logprob), logprob, 6e-8);
    EXPECT_CLOSE(value(Measure::probability), std::exp(logprob), 6e-8);
    EXPECT_CLOSE(value(Measure::logit), logit, 6e-8);
    EXPECT_CLOSE(value(Measure::entropy), entropy, 6e-8);
    EXPECT_CLOSE(value(Measure::kl), kl, 6e-8);
}

}  // namespace
}  // namespace llmx::objective
