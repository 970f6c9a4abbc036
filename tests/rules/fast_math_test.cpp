// The branch-free functions against the standard library's in double.

#include "core/fast_math.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/measured.hpp"
#include "vjp/activation.hpp"

namespace llmx::vjp {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// Largest relative error of `f` over [low, high], taken at many points that float32 holds exactly.
template <class F, class Truth>
double worst(double low, double high, F&& f, Truth&& truth) {
    constexpr int points = 400000;
    double error = 0;
    for (int i = 0; i <= points; ++i) {
        const auto x = static_cast<float>(low + (high - low) * i / points);
        const double expected = truth(static_cast<double>(x));
        const double difference = std::fabs(static_cast<double>(f(x)) - expected);
        error = std::max(error, expected == 0 ? difference : difference / std::fabs(expected));
    }
    return error;
}

TEST(FastMath, ExpOverItsNormalRange) {
    EXPECT_MEASURED(worst(-87.3, 88.7, fast_exp, [](double x) { return std::exp(x); }), 7.8e-8);
    EXPECT_MEASURED(worst(-1, 1, fast_exp, [](double x) { return std::exp(x); }), 6.8e-8);
}

TEST(FastMath, ExpIntoSubnormals) {
    for (float x = -104.5F; x < -87.3F; x += 0.01F) {
        const double expected = std::exp(static_cast<double>(x));
        // the smallest float is 1.4e-45
        EXPECT_MEASURED((std::fabs(static_cast<double>(fast_exp(x)) - expected) - 1.5e-45) / expected, 6e-8)
            << x;
    }
}

TEST(FastMath, ExpAtTheEnds) {
    EXPECT_EQ(fast_exp(0.0F), 1.0F);
    EXPECT_EQ(fast_exp(-0.0F), 1.0F);
    EXPECT_LT(fast_exp(88.72F), infinity);
    for (const float x : {88.8F, 89.0F, 1e3F, 3e38F, infinity}) EXPECT_EQ(fast_exp(x), infinity) << x;
    for (const float x : {-104.5F, -1e3F, -3e38F, -infinity}) EXPECT_EQ(fast_exp(x), 0.0F) << x;
    EXPECT_TRUE(std::isnan(fast_exp(std::numeric_limits<float>::quiet_NaN())));
}

TEST(FastMath, Sigmoid) {
    EXPECT_MEASURED(worst(-87, 30, fast_sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }), 1.4e-7);
    EXPECT_EQ(fast_sigmoid(-infinity), 0.0F);
    EXPECT_EQ(fast_sigmoid(infinity), 1.0F);
}

TEST(FastMath, ComplementaryErrorFunction) {
    EXPECT_MEASURED(worst(0, 3, fast_erfc, [](double x) { return std::erfc(x); }), 7e-7);
    EXPECT_MEASURED(worst(3, 9, fast_erfc, [](double x) { return std::erfc(x); }), 4.1e-6);
    EXPECT_EQ(fast_erfc(0.0F), 1.0F);
    EXPECT_EQ(fast_erfc(20.0F), 0.0F);
}

TEST(FastMath, SineAndCosine) {
    for (const double range : {0.8, 7.0, 1e3, 1e6, 1e8}) {
        double error = 0;
        for (int i = -200000; i <= 200000; ++i) {
            const auto x = static_cast<float>(range * i / 200000);
            const SinCos got = fast_sincos(x);
            error =
                std::max(error, std::fabs(static_cast<double>(got.sin) - std::sin(static_cast<double>(x))));
            error =
                std::max(error, std::fabs(static_cast<double>(got.cos) - std::cos(static_cast<double>(x))));
        }
        EXPECT_MEASURED(error, 8.4e-8) << "up to " << range;
    }
}

/// Value and slope of an activation, the slope by central differences in double.
template <class F>
void expect_activation(F&& fast, double (*truth)(double)) {
    for (double at = -12; at <= 12; at += 0.013) {
        const auto x = static_cast<float>(at);
        const auto exact = static_cast<double>(x);
        const Activation got = fast(x);
        EXPECT_MEASURED(
            std::fabs(static_cast<double>(got.value) - truth(exact)) / std::max(1.0, std::fabs(exact)),
            1.3e-7)
            << x;
        EXPECT_CLOSE(static_cast<double>(got.slope), (truth(exact + 1e-5) - truth(exact - 1e-5)) / 2e-5, 2e-6)
            << x;
    }
}

TEST(Activation, ValuesAndSlopes) {
    expect_activation(silu, [](double x) { return x / (1 + std::exp(-x)); });
    expect_activation(gelu_quick, [](double x) { return x / (1 + std::exp(-1.702 * x)); });
    expect_activation(gelu_erf, [](double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); });
    expect_activation(gelu, [](double x) {
        return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    });
}

TEST(Activation, LargeArgumentsStayFinite) {
    for (const float x : {1e3F, 1e6F, 1e12F}) {
        EXPECT_EQ(silu(x).slope, 1.0F);
        EXPECT_EQ(silu(-x).slope, 0.0F);
        EXPECT_EQ(gelu(x).slope, 1.0F);
        EXPECT_EQ(gelu(-x).slope, 0.0F);
        EXPECT_EQ(gelu_erf(x).slope, 1.0F);
        EXPECT_EQ(gelu_erf(-x).slope, 0.0F);
    }
}

}  // namespace

}  // namespace llmx::vjp
