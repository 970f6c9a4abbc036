#pragma once
// Elementary functions without branches or calls, so that loops over rows become vector code. Float32,
// about one unit in the last place; infinities and NaN are handled as in the standard library.

#include <bit>
#include <cstdint>

namespace llmx {

/// e^x: infinity from 88.73 up, subnormal from -87.3 and zero from -104 down.
inline float fast_exp(float x) {
    x = x > 89.0F ? 89.0F : x;
    x = x < -105.0F ? -105.0F : x;
    // adding 1.5 * 2^23 rounds to an integer, which is then in the low bits
    constexpr float shifter = 12582912.0F;
    const float shifted = x * 1.44269504F + shifter;
    const float k = shifted - shifter;
    const float r = (x - k * 0.693359375F) + k * 2.12194440e-4F;
    float p = 1.9875691500e-4F;
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * r * r + r + 1.0F;
    // 2^k in two factors, so that neither overflows and subnormals are reached
    const std::int32_t whole = std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(shifter);
    const std::int32_t half = whole >> 1;
    return p * std::bit_cast<float>((half + 127) << 23) * std::bit_cast<float>((whole - half + 127) << 23);
}

/// 1 / (1 + e^-x)
inline float fast_sigmoid(float x) { return 1.0F / (1.0F + fast_exp(-x)); }

/// Complementary error function of t >= 0: e^(-t^2) times w p(2 w - 1), w = 1 / (1 + t / 2), where p is
/// the Chebyshev interpolant of degree 10 (relative error 4e-8).
inline float fast_erfc(float t) {
    const float w = 1.0F / (1.0F + 0.5F * t);
    const float x = 2.0F * w - 1.0F;
    float p = 4.428842166e-05F;
    p = p * x - 3.676436821e-05F;
    p = p * x - 3.047190998e-04F;
    p = p * x + 4.310400343e-04F;
    p = p * x + 1.533847052e-03F;
    p = p * x - 3.243733075e-03F;
    p = p * x - 1.075331088e-02F;
    p = p * x + 1.822174912e-02F;
    p = p * x + 1.397359458e-01F;
    p = p * x + 3.435803125e-01F;
    p = p * x + 5.107913526e-01F;
    return fast_exp(-t * t) * (w * p);
}

struct SinCos {
    float sin;
    float cos;
};

/// For |x| up to 1e8. The argument is reduced in double: positions make large angles.
inline SinCos fast_sincos(float x) {
    constexpr double shifter = 6755399441055744.0;  // 1.5 * 2^52
    const double shifted = static_cast<double>(x) * 0.63661977236758134 + shifter;
    const auto r = static_cast<float>(static_cast<double>(x) - (shifted - shifter) * 1.5707963267948966);
    const auto quadrant = static_cast<std::int32_t>(std::bit_cast<std::int64_t>(shifted));
    const float z = r * r;
    const float s = ((-1.9515295891e-4F * z + 8.3321608736e-3F) * z - 1.6666654611e-1F) * z * r + r;
    const float c =
        ((2.443315711809948e-5F * z - 1.388731625493765e-3F) * z + 4.166664568298827e-2F) * z * z - 0.5F * z +
        1.0F;
    const bool swapped = (quadrant & 1) != 0;
    const float sine = swapped ? c : s;
    const float cosine = swapped ? s : c;
    return {(quadrant & 2) != 0 ? -sine : sine, ((quadrant + 1) & 2) != 0 ? -cosine : cosine};
}

}  // namespace llmx
