#pragma once
// Activation functions with their slopes, without branches. Shared by UNARY and GLU.

#include <cmath>

#include "core/fast_math.hpp"

namespace llmx::vjp {

struct Activation {
    float value;
    float slope;
};

/// x sigmoid(a x); slope s + a x s (1 - s)
inline Activation silu_scaled(float x, float a) {
    const float s = fast_sigmoid(a * x);
    // if e^(-a x) overflows, s is 0 and so is the product, except for infinite x
    return {x * s, s + a * x * s * (1.0F - s)};
}

inline constexpr auto silu = [](float x) { return silu_scaled(x, 1.0F); };
inline constexpr auto gelu_quick = [](float x) { return silu_scaled(x, 1.702F); };

/// x (1 + tanh u) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3). As (1 + tanh u) / 2 = sigmoid(2 u) = s, the
/// slope is s + 2 x s (1 - s) du/dx.
inline constexpr auto gelu = [](float x) {
    constexpr float root = 0.79788456F;
    constexpr float cubic = 0.044715F;
    const float s = fast_sigmoid(2.0F * root * x * (1.0F + cubic * x * x));
    return Activation{x * s, s + 2.0F * x * s * (1.0F - s) * root * (1.0F + 3.0F * cubic * x * x)};
};

/// x P(x) with the normal distribution P; slope P(x) + x p(x), p the density.
inline constexpr auto gelu_erf = [](float x) {
    const float tail = 0.5F * fast_erfc(std::fabs(x) * 0.70710678F);
    const float below = x < 0.0F ? tail : 1.0F - tail;
    return Activation{x * below, below + x * 0.39894228F * fast_exp(-0.5F * x * x)};
};

inline constexpr auto relu = [](float x) { return x > 0.0F ? Activation{x, 1.0F} : Activation{0.0F, 0.0F}; };

}  // namespace llmx::vjp
