// Sensitivity-max against Captum's numbers and closed forms.

#include "faithfulness/sensitivity.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "method/bound_method.hpp"
#include "support/expect_error.hpp"
#include "support/functions.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

using faithfulness::sensitivity_max;

const Tensor input{{3, 2}, {1.0F, -2.0F, 0.5F, 0.25F, 3.0F, 1.5F}};

double of(const std::string& name, test::ToyFunction& function, int samples, std::uint32_t seed) {
    const method::BoundMethod method = method::bind({name, {}});
    const auto map_of = [&](method::Function& f) { return method::differentiate(f, method).scores; };
    const auto found = sensitivity_max(function, map_of(function), map_of, samples, seed);
    EXPECT_EQ(found.samples, samples);
    EXPECT_EQ(found.noise, 0.02);
    return found.value;
}

/// Captum 0.9 in double precision, f the sum of cubes: sensitivity_max of the norms of Saliency, or the sums
/// of InputXGradient, of rows 0 and 2, at the four points of seed 3.
TEST(Sensitivity, IsCaptums) {
    const auto cube = test::separable([](double x) { return x * x * x; }, [](double x) { return 3 * x * x; });
    test::ToyFunction function(input, {cube});
    function.fix(1);
    // Scores are float32.
    EXPECT_CLOSE(of("saliency", function, 4, 3), 0.037115877766096435, 1.3e-8);
    EXPECT_CLOSE(of("input_x_gradient", function, 4, 3), 0.05278036096230265, 5.4e-10);
}

TEST(Sensitivity, OfAConstantGradientIsNothing) {
    test::ToyFunction function(input, {test::linear({1, 2, -3, 4.5, 0.5, -0.25}, 7)});
    EXPECT_EQ(of("saliency", function, 5, 0), 0);
    EXPECT_GT(of("input_x_gradient", function, 5, 0), 0);
    // More draws of the same stream change no less.
    EXPECT_GE(of("input_x_gradient", function, 20, 0), of("input_x_gradient", function, 5, 0));
    EXPECT_NE(of("input_x_gradient", function, 5, 1), of("input_x_gradient", function, 5, 0));
    EXPECT_EQ(of("input_x_gradient", function, 0, 0), 0);
}

TEST(Sensitivity, AMapOfZerosIsMeasuredByItself) {
    // The gradient is 0 at the input and x - input elsewhere.
    std::vector<double> at(input.values.begin(), input.values.end());
    const test::Closed bowl = {[](const std::vector<double>&) { return 0.0; },
                               [at](const std::vector<double>& x) {
                                   std::vector<double> all;
                                   for (std::size_t i = 0; i < x.size(); ++i) all.push_back(x[i] - at[i]);
                                   return all;
                               }};
    test::ToyFunction function(input, {bowl});
    const double value = of("saliency", function, 3, 0);
    EXPECT_GT(value, 0);
    EXPECT_LT(value, 0.2);  // six numbers of deviation 0.02 * 1.68
}

TEST(Sensitivity, RefusesTooManyPoints) {
    for (const int samples : {-1, 1001}) {
        test::expect_error(ErrorCode::usage, {"`sensitivity`", std::to_string(samples), "1 to 1000"},
                           [&] { faithfulness::require_sensitivity(samples); });
    }
}

}  // namespace
}  // namespace llmx
