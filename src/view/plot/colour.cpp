#include "view/plot/colour.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace llmx::view {
namespace {

/// Linear light, each in [0, 1].
using Rgb = std::array<double, 3>;

/// OKLCH to linear sRGB, by Ottosson's matrices.
Rgb from_oklch(double lightness, double chroma, double degrees) {
    const double angle = degrees * std::numbers::pi / 180;
    const double a = chroma * std::cos(angle);
    const double b = chroma * std::sin(angle);
    const double l = std::pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
    const double m = std::pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
    const double s = std::pow(lightness - 0.0894841775 * a - 1.291485548 * b, 3);
    Rgb rgb = {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
               -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
               -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s};
    for (double& c : rgb) c = std::clamp(c, 0.0, 1.0);
    return rgb;
}

Rgb at(double place) {
    const double t = std::min(1.0, std::abs(place));
    const bool warm = place >= 0;
    const double chroma = (warm ? 0.17 : 0.15) * std::pow(std::sin(t * std::numbers::pi / 2), 1.1);
    const double hue = warm ? 45 + 40 * (1 - t) : 255 - 35 * (1 - t);
    return from_oklch(0.995 + (0.55 - 0.995) * t, chroma, hue);
}

int byte(double linear) {
    const double c = linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
    return static_cast<int>(std::lround(255 * c));
}

}  // namespace

std::string score_colour(double place) {
    const Rgb c = at(place);
    return fmt::format("#{:02x}{:02x}{:02x}", byte(c[0]), byte(c[1]), byte(c[2]));
}

std::string ink_on(double place) {
    const Rgb c = at(place);
    const double luminance = 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
    return luminance > 0.179 ? "#141418" : "#ffffff";
}

}  // namespace llmx::view
