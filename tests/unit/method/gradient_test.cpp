// Gradient methods on functions in closed form.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "method/bound_method.hpp"
#include "method/path/path.hpp"
#include "support/expect_error.hpp"
#include "support/functions.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

using method::Definition;
using method::Scores;
using testing::HasSubstr;

using Given = std::map<std::string, std::string>;

Scores run(const std::string& name, method::Function& function, const Given& given = {}) {
    return method::differentiate(function, method::bind({name, given}));
}

std::vector<const Definition*> differentiating() {
    std::vector<const Definition*> all;
    for (const Definition* d : method::definitions()) {
        if (d->differentiate != nullptr || d->score_row != nullptr) all.push_back(d);
    }
    return all;
}

const Tensor input{{3, 2}, {1.0F, -2.0F, 0.5F, 0.25F, 3.0F, 1.5F}};
const std::vector<std::vector<double>> weights = {{1, 2, -3, 4.5, 0.5, -0.25}, {0, 1, 2, -1, 1, 3}};

/// Two linear targets; row 1 is fixed.
test::ToyFunction two_lines() {
    test::ToyFunction function(input, {test::linear(weights[0], 7), test::linear(weights[1], -1)});
    function.fix(1);
    return function;
}

/// Σ_d of one row of w (input - from), by a value that every entry of `from` has or by a tensor.
double product(std::size_t target, std::size_t row, const std::function<double(std::size_t)>& from) {
    double sum = 0;
    for (std::size_t i = 2 * row; i < 2 * row + 2; ++i)
        sum += weights[target][i] * (input.values[i] - from(i));
    return sum;
}
double length(std::size_t target, std::size_t row) {
    return std::hypot(weights[target][2 * row], weights[target][2 * row + 1]);
}

TEST(GradientMethods, OnLinesGiveWhatTheirDefinitionsSay) {
    const auto zero = [](std::size_t) { return 0.0; };
    const auto token = [](std::size_t) { return 2.5; };  // of the toy's token 2
    for (const Definition* d : differentiating()) {
        test::ToyFunction function = two_lines();
        const std::string name(d->name);
        Given given;
        std::function<double(std::size_t, std::size_t)> expected;
        if (name == "saliency" || name == "smoothgrad") {
            expected = length;
        } else if (name == "smoothgrad_squared") {
            expected = [](std::size_t t, std::size_t r) {
                return std::hypot(std::pow(weights[t][2 * r], 2), std::pow(weights[t][2 * r + 1], 2));
            };
        } else if (name == "vargrad") {
            expected = [](std::size_t, std::size_t) { return 0.0; };
        } else if (name == "input_x_gradient") {
            expected = [&](std::size_t t, std::size_t r) { return product(t, r, zero); };
        } else if (name == "integrated_gradients" || name == "gradient_shap") {
            given = {{"baseline", "token"}, {"baseline_token", "2"}};
            if (name == "gradient_shap") given["noise"] = "0";
            expected = [&](std::size_t t, std::size_t r) { return product(t, r, token); };
        } else if (name == "expected_gradients") {
            expected = [&](std::size_t t, std::size_t r) {
                return product(t, r, [&](std::size_t i) {
                    double sum = 0;
                    for (const Tensor& draw : function.draws) sum += draw.values[i];
                    return sum / static_cast<double>(function.draws.size());
                });
            };
        } else {
            FAIL() << name << ": say here what it gives on a linear function";
        }
        const Scores found = run(name, function, given);
        ASSERT_EQ(found.scores.shape, (std::vector<std::int64_t>{2, 3})) << name;
        for (std::size_t t = 0; t < 2; ++t) {
            EXPECT_CLOSE(found.scores.row(t)[0], expected(t, 0), 1.5e-6) << name;
            EXPECT_EQ(found.scores.row(t)[1], 0) << name << ": fixed";
            EXPECT_CLOSE(found.scores.row(t)[2], expected(t, 2), 1.9e-6) << name;
        }
        for (const Completeness& c : found.completeness) EXPECT_CLOSE(c.residual, 0, 1.1e-14) << name;
        EXPECT_THAT(found.warnings, testing::IsEmpty()) << name;
    }
}

TEST(GradientMethods, SayFAtBothEnds) {
    for (const std::string name : {"integrated_gradients", "gradient_shap"}) {
        test::ToyFunction function = two_lines();
        Given given = {{"baseline", "mean"}};
        if (name == "gradient_shap") given["noise"] = "0";
        const Scores found = run(name, function, given);
        const auto at_input = function.values(input);
        const auto at_baseline = function.values(function.baseline("mean", -1));
        ASSERT_EQ(found.completeness.size(), 2U);
        for (std::size_t t = 0; t < 2; ++t) {
            EXPECT_CLOSE(found.completeness[t].f_input, at_input[t], 1.2e-15);
            EXPECT_CLOSE(found.completeness[t].f_baseline, at_baseline[t], 1.2e-15);
        }
    }
}

TEST(GradientMethods, KeepTheContract) {
    for (const Definition* d : differentiating()) {
        const std::string name(d->name);
        const auto cube =
            test::separable([](double x) { return x * x * x; }, [](double x) { return 3 * x * x; });
        const auto wave =
            test::separable([](double x) { return std::sin(x); }, [](double x) { return std::cos(x); });
        test::ToyFunction function(input, {cube, wave});
        function.fix(0);
        const Scores first = run(name, function);
        const Scores second = run(name, function);
        EXPECT_EQ(first.scores.values, second.scores.values) << name << ": same seed, same bits";
        EXPECT_EQ(first.standard_errors.values, second.standard_errors.values) << name;
        for (std::size_t t = 0; t < 2; ++t) {
            EXPECT_EQ(first.scores.row(t)[0], 0) << name << ": fixed";
            EXPECT_NE(first.scores.row(t)[1], 0) << name;
            if (!first.standard_errors.empty()) {
                EXPECT_EQ(first.standard_errors.row(t)[0], 0) << name << ": fixed";
            }
        }
        test::ToyFunction alone(input, {cube});
        alone.fix(0);
        const auto row = first.scores.row(0);
        EXPECT_EQ(run(name, alone).scores.values, std::vector<float>(row.begin(), row.end()))
            << name << ": a target does not depend on the others";
        test::expect_error(ErrorCode::usage, {name, "no_such_option"}, [&] {
            run(name, function, {{"no_such_option", "1"}});
        });
        EXPECT_EQ(method::Options(name, d->options, {}).integer("layer"), -1) << name;
        const bool draws = std::any_of(d->options.begin(), d->options.end(),
                                       [](const method::Option& o) { return o.name == "seed"; });
        if (draws) {
            EXPECT_NE(run(name, function, {{"seed", "1"}}).scores.values, first.scores.values) << name;
        }
    }
}

double integral(const std::string& rule, int count, const std::function<double(double)>& g) {
    double sum = 0;
    for (const auto& [at, weight] : method::path_nodes(rule, count)) sum += weight * g(at);
    return sum;
}

TEST(PathNodes, GaussLegendreIsExactToDegreeTwiceTheCountLessOne) {
    for (const int count : {1, 2, 3, 5, 8}) {
        const auto error = [&](int degree) {
            return std::abs(integral("gauss_legendre", count, [&](double a) { return std::pow(a, degree); }) -
                            1.0 / (degree + 1));
        };
        for (int degree = 0; degree <= 2 * count - 1; ++degree)
            EXPECT_MEASURED(error(degree), 8.9e-16) << count << " nodes, degree " << degree;
        EXPECT_GT(error(2 * count), 1e-11) << count;
    }
    EXPECT_CLOSE(integral("gauss_legendre", 400, [](double a) { return std::exp(a); }), std::exp(1) - 1,
                 8.9e-16);
}

/// By Newton's method on the polynomials in 40 digits.
TEST(PathNodes, GaussLegendreOfManyPointsHasAllDigits) {
    struct Node {
        int count, index;
        double at, weight;
    };
    constexpr Node truth[] = {
        {50, 0, 0.00056679778996447490727, 0.0014543112765775704792},
        {50, 24, 0.48445083083640556194, 0.031088308327673631161},
        {1000, 0, 1.4443509622447150619e-6, 3.7066692082160357587e-6},
        {1000, 250, 0.14714118740535229671, 0.0011123420893341464721},
        {10000, 0, 1.4456519137594189069e-8, 3.7100096366196613983e-8},
        {10000, 1, 7.6170536617414651699e-8, 8.6361958807047508345e-8},
        {10000, 2500, 0.14651603323778655571, 0.00011108832461809091939},
        {10000, 4999, 0.49992146411087582608, 0.00015707177695661341382},
    };
    for (const auto& [count, index, at, weight] : truth) {
        const auto nodes = method::path_nodes("gauss_legendre", count);
        const auto& node = nodes[static_cast<std::size_t>(index)];
        const auto& mirrored = nodes[static_cast<std::size_t>(count - 1 - index)];
        EXPECT_CLOSE(node.at, at, 1e-16) << count << " " << index;
        EXPECT_CLOSE(node.weight / weight, 1, 1e-13) << count << " " << index;
        EXPECT_CLOSE(mirrored.at, 1 - at, 2.3e-16) << count << " " << index;
        EXPECT_EQ(mirrored.weight, node.weight);
    }
}

TEST(PathNodes, GaussLegendreCanBeEnded) {
    int asked = 0;
    const auto end = [&] {
        if (++asked == 3) throw Error(ErrorCode::cancelled, "enough");
    };
    test::expect_error(ErrorCode::cancelled, {"enough"},
                       [&] { method::path_nodes("gauss_legendre", 10000, end); });
}

TEST(PathNodes, MidpointAndTrapezoidAreOfSecondOrder) {
    const auto error = [](const std::string& rule, int count) {
        return integral(rule, count, [](double a) { return std::exp(a); }) - (std::exp(1) - 1);
    };
    EXPECT_CLOSE(error("midpoint", 16) / error("midpoint", 32), 4, 3.5e-4);
    EXPECT_CLOSE(error("trapezoid", 17) / error("trapezoid", 33), 4, 2e-4);
    EXPECT_CLOSE(error("trapezoid", 33) / error("midpoint", 32), -2, 2.5e-5);
    const auto ends = method::path_nodes("trapezoid", 5);
    EXPECT_EQ(ends.front().at, 0);
    EXPECT_EQ(ends.back().at, 1);
    test::expect_error(ErrorCode::usage, {"2 or more"}, [] { method::path_nodes("trapezoid", 1); });
}

TEST(IntegratedGradients, TwoGaussPointsAreExactForCubes) {
    const auto cube = test::separable([](double x) { return x * x * x; }, [](double x) { return 3 * x * x; });
    test::ToyFunction function(input, {cube});
    const Scores found = run("integrated_gradients", function,
                             {{"steps", "2"}, {"baseline", "token"}, {"baseline_token", "1"}});
    for (std::size_t r = 0; r < 3; ++r) {
        double expected = 0;
        for (const float x : input.row(r)) expected += std::pow(x, 3) - std::pow(1.5, 3);
        EXPECT_CLOSE(found.scores.row(0)[r], expected, 4.8e-7);
    }
    EXPECT_EQ(function.gradient_calls, 2);
    const Scores coarse = run("integrated_gradients", function, {{"steps", "2"}, {"rule", "midpoint"}});
    EXPECT_GT(std::abs(coarse.completeness[0].residual), 0.1);
}

/// A step of the given slope at 0.3 of the way from 0 to the input of all ones.
test::ToyFunction steep(double slope) {
    const auto logistic = [slope](double x) { return 1 / (1 + std::exp(-slope * (x - 0.3))); };
    return {{{1, 1}, {1.0F}}, {test::separable(logistic, [=](double x) {
                const double p = logistic(x);
                return slope * p * (1 - p);
            })}};
}

TEST(IntegratedGradients, AutoDoublesTheStepsUntilItIsComplete) {
    test::ToyFunction function = steep(200);
    const Scores few = run("integrated_gradients", function, {{"steps", "25"}, {"baseline", "zero"}});
    ASSERT_GT(std::abs(few.completeness[0].residual), 0.05);
    ASSERT_EQ(few.warnings.size(), 1U);
    EXPECT_THAT(few.warnings[0], HasSubstr("`steps` auto"));
    EXPECT_EQ(few.notes.count("steps"), 0U);

    function.gradient_calls = 0;
    const Scores found = run("integrated_gradients", function, {{"steps", "auto"}, {"baseline", "zero"}});
    EXPECT_THAT(found.warnings, testing::IsEmpty());
    EXPECT_LT(std::abs(found.completeness[0].residual), 0.05);
    const int steps = std::stoi(found.notes.at("steps"));
    EXPECT_GT(steps, 25);
    EXPECT_EQ(function.gradient_calls, 2 * steps - 25) << "25 + 50 + ... + steps";
    const Scores same =
        run("integrated_gradients", function, {{"steps", std::to_string(steps)}, {"baseline", "zero"}});
    EXPECT_EQ(found.scores.values, same.scores.values);
}

TEST(IntegratedGradients, AutoSaysWhereItGivesUp) {
    test::ToyFunction function = steep(1e6);
    const Scores found = run("integrated_gradients", function, {{"steps", "auto"}, {"baseline", "zero"}});
    EXPECT_EQ(found.notes.at("steps"), "400");
    ASSERT_EQ(found.warnings.size(), 1U);
    EXPECT_THAT(found.warnings[0], HasSubstr("no more than 400"));
}

TEST(IntegratedGradients, RefusesWhatIsNoNumberOfSteps) {
    test::ToyFunction function = two_lines();
    for (const char* steps : {"0", "many", "-1", "1.5"})
        test::expect_error(ErrorCode::usage, {"or auto"}, [&] {
            run("integrated_gradients", function, {{"steps", steps}});
        });
}

TEST(SmoothGrad, OfASquareIsTheGradientInTheMean) {
    const Tensor column{{4, 1}, {1.0F, -2.0F, 0.5F, 2.0F}};
    const auto square = test::separable([](double x) { return x * x; }, [](double x) { return 2 * x; });
    constexpr int samples = 400;
    test::ToyFunction function(column, {square});
    const Scores size = run("smoothgrad", function, {{"samples", "400"}, {"noise", "0.25"}});
    const Scores times =
        run("smoothgrad", function, {{"samples", "400"}, {"noise", "0.25"}, {"times_input", "true"}});
    EXPECT_FALSE(*size.is_signed);
    EXPECT_TRUE(*times.is_signed);
    const double root_mean_square = std::sqrt((1 + 4 + 0.25 + 4) / 4);
    const double error =
        2 * 0.25 * root_mean_square / std::sqrt(samples);  // of 2 x under noise of a quarter of that
    double distance = 0;
    for (std::size_t r = 0; r < 4; ++r) {
        const double x = column.values[r];
        EXPECT_NEAR(size.scores.values[r], std::abs(2 * x), 4 * error);
        EXPECT_NEAR(times.scores.values[r], 2 * x * x, std::abs(x) * 4 * error);
        distance += std::pow((size.scores.values[r] - std::abs(2 * x)) / error, 2);
    }
    EXPECT_GT(distance, 0.1) << "the noise is there, of the size that its level says";
}

TEST(GradientShap, KnowsItsStandardErrors) {
    test::ToyFunction function(input, {test::linear(weights[0], 0)});
    const Scores found =
        run("gradient_shap", function, {{"samples", "1000"}, {"noise", "0.2"}, {"baseline", "zero"}});
    double squares = 0;
    for (const float x : input.values) squares += static_cast<double>(x) * x;
    const double deviation = 0.2 * std::sqrt(squares / static_cast<double>(input.values.size()));
    for (std::size_t r = 0; r < 3; ++r) {
        const double error = deviation * length(0, r) / std::sqrt(1000.0);
        EXPECT_NEAR(found.standard_errors.row(0)[r], error, 0.15 * error);
        EXPECT_NEAR(found.scores.row(0)[r], product(0, r, [](std::size_t) { return 0.0; }), 4 * error);
    }
    EXPECT_CLOSE(found.completeness[0].residual, 0, 6e-8) << "against f at the baselines that were drawn";
}

}  // namespace
}  // namespace llmx
