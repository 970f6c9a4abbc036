#pragma once
// Derivatives of a function that is known by its float32 values only, with an estimate of their error.
// The analytic answer plays no part in choosing the step.

#include <functional>
#include <vector>

namespace llmx::test {

/// The function at distance h from the point along one direction. `same`: what the pass chose (experts,
/// sparse keys) is what it chose at the point itself.
struct Sample {
    double value = 0;
    bool same = true;
};
using Line = std::function<Sample(double h)>;

struct Derivative {
    double value = 0;
    double error = 0;  ///< estimated
    int flips = 0;     ///< steps that were left out because a choice changed
    bool found = false;

    /// Good enough to be held against another number by itself.
    [[nodiscard]] bool sharp() const;
};

/// How far the function strays from a smooth one because its arithmetic is rounded: what is left of a
/// fit of degree seven through points within 2^-6, or nearer where a choice changes.
double roughness(const Line& line);

/// Central differences over a ladder of steps from 2^-2 to 2^-13, extrapolated to zero (Richardson); where
/// the function is too rough for that, a fit of an odd polynomial through many points.
Derivative differentiate(const Line& line, double roughness);

}  // namespace llmx::test
