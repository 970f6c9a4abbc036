// VarGrad and SmoothGrad-Squared: against Captum at the same points, and in closed form.

#include <gtest/gtest.h>

#include <cmath>

#include "method/bound_method.hpp"
#include "support/functions.hpp"
#include "support/measured.hpp"
#include "support/reference.hpp"

namespace llmx {
namespace {

using method::Scores;
using nlohmann::json;
using Given = std::map<std::string, std::string>;

Scores run(const std::string& name, method::Function& function, const Given& given = {}) {
    return method::differentiate(function, method::bind({name, given}));
}

/// Lists in lists, of any depth, as one.
std::vector<double> flat(const json& lists) {
    if (!lists.is_array()) return {lists.get<double>()};
    std::vector<double> all;
    for (const json& list : lists) {
        const std::vector<double> part = flat(list);
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

Tensor tensor(const json& matrix) {
    const std::vector<double> values = flat(matrix);
    const auto rows = static_cast<std::int64_t>(matrix.size());
    return {{rows, static_cast<std::int64_t>(values.size()) / rows}, {values.begin(), values.end()}};
}

/// One output of the reference's network: second tanh(first x + bias).
test::Closed network(const json& numbers, std::size_t target) {
    const auto inner = numbers["first"].get<std::vector<std::vector<double>>>();
    const auto bias = numbers["bias"].get<std::vector<double>>();
    const auto outer = numbers["second"][target].get<std::vector<double>>();
    const auto hidden = [=](const std::vector<double>& x, std::size_t h) {
        double sum = bias[h];
        for (std::size_t i = 0; i < x.size(); ++i) sum += inner[h][i] * x[i];
        return std::tanh(sum);
    };
    return {[=](const std::vector<double>& x) {
                double sum = 0;
                for (std::size_t h = 0; h < outer.size(); ++h) sum += outer[h] * hidden(x, h);
                return sum;
            },
            [=](const std::vector<double>& x) {
                std::vector<double> gradient(x.size());
                for (std::size_t h = 0; h < outer.size(); ++h) {
                    const double slope = outer[h] * (1 - std::pow(hidden(x, h), 2));
                    for (std::size_t i = 0; i < x.size(); ++i) gradient[i] += slope * inner[h][i];
                }
                return gradient;
            }};
}

/// Is differentiated at given points, whatever is asked for.
class AtGivenPoints : public test::ToyFunction {
public:
    AtGivenPoints(const json& numbers, std::vector<test::Closed> targets)
        : ToyFunction(tensor(numbers["input"]), std::move(targets)) {
        for (const json& point : numbers["points"]) points_.push_back(tensor(point));
    }
    void gradients_at(std::size_t count, const std::function<Tensor(std::size_t)>&,
                      const EachAt& each) override {
        ASSERT_EQ(count, points_.size());
        ToyFunction::gradients_at(
            count, [&](std::size_t i) { return points_[i]; }, each);
    }

private:
    std::vector<Tensor> points_;
};

TEST(NoisyGradients, AreThoseOfCaptumsNoiseTunnel) {
    const json numbers = test::reference("noise_tunnel");
    const std::map<std::string, std::string> kinds = {
        {"smoothgrad", "smoothgrad"}, {"smoothgrad_squared", "smoothgrad_sq"}, {"vargrad", "vargrad"}};
    for (const auto& [name, kind] : kinds) {
        for (const std::string norm : {"l2", "l1"}) {
            AtGivenPoints function(numbers, {network(numbers, 0), network(numbers, 1)});
            const Scores found =
                run(name, function, {{"samples", std::to_string(numbers["points"].size())}, {"norm", norm}});
            const std::vector<double> expected = flat(numbers[kind][norm]);
            ASSERT_EQ(found.scores.values.size(), expected.size());
            for (std::size_t i = 0; i < expected.size(); ++i)
                EXPECT_CLOSE(found.scores.values[i] / expected[i], 1, 2.7e-7)
                    << name << " " << norm << " " << i;
        }
    }
}

TEST(NoisyGradients, MeanOfSquaresIsSquareOfMeanPlusVariance) {
    const auto cube = test::separable([](double x) { return x * x * x; }, [](double x) { return 3 * x * x; });
    test::ToyFunction function({{4, 1}, {1.0F, -2.0F, 0.5F, 2.0F}}, {cube});
    const Given given = {{"samples", "30"}, {"noise", "0.3"}, {"seed", "5"}};
    const auto mean = run("smoothgrad", function, given).scores.values;
    const auto squares = run("smoothgrad_squared", function, given).scores.values;
    const auto variance = run("vargrad", function, given).scores.values;
    for (std::size_t r = 0; r < 4; ++r) {
        EXPECT_GT(variance[r], 0);
        const double sum = static_cast<double>(mean[r]) * mean[r] + variance[r];
        EXPECT_CLOSE(squares[r] / sum, 1, 1e-7);
    }
}

/// The gradient of a square under noise of deviation s is 2 (x + s z): its variance is 4 s^2 and its mean
/// square 4 (x^2 + s^2); their errors over n samples, from the moments of z, are 4 s^2 sqrt(2 / n) and
/// 4 sqrt((4 x^2 s^2 + 2 s^4) / n).
TEST(NoisyGradients, OfASquareAreInTheMeanWhatTheNoiseSays) {
    const Tensor column{{4, 1}, {1.0F, -2.0F, 0.5F, 2.0F}};
    const auto square = test::separable([](double x) { return x * x; }, [](double x) { return 2 * x; });
    test::ToyFunction function(column, {square});
    const Given given = {{"samples", "400"}, {"noise", "0.25"}};
    const Scores squares = run("smoothgrad_squared", function, given);
    const Scores variance = run("vargrad", function, given);
    const double s2 = 0.25 * 0.25 * (1 + 4 + 0.25 + 4) / 4;
    for (std::size_t r = 0; r < 4; ++r) {
        const double x = column.values[r];
        EXPECT_NEAR(variance.scores.values[r], 4 * s2, 4 * 4 * s2 * std::sqrt(2 / 400.0));
        EXPECT_NEAR(squares.scores.values[r], 4 * (x * x + s2),
                    4 * 4 * std::sqrt((4 * x * x * s2 + 2 * s2 * s2) / 400));
    }
}

TEST(VarGrad, KeepsItsDigitsWhereTheGradientHardlyVaries) {
    // f = 1000 x + x^2 / 200: the gradient is about 1000 and moves by a hundredth of the noise.
    const auto steep = test::separable([](double x) { return 1000 * x + x * x / 200; },
                                       [](double x) { return 1000 + x / 100; });
    test::ToyFunction function({{1, 1}, {1.0F}}, {steep});
    const Scores found = run("vargrad", function, {{"samples", "400"}, {"noise", "1"}});
    EXPECT_NEAR(found.scores.values[0], 1e-4, 4 * 1e-4 * std::sqrt(2 / 400.0));
}

}  // namespace
}  // namespace llmx
