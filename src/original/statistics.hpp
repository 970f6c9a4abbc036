#pragma once
// Small statistics of vectors, as definitions.md states them.

#include <span>
#include <vector>

namespace llmx::original {

/// (v - min) / (max - min); all zeros where all are equal.
void min_max(std::span<float> values);

/// The middle element, or the smaller of the middle two. Reorders `values`.
float lower_median(std::span<float> values);

/// The middle element, or the mean of the middle two. Reorders `values`.
double median(std::span<double> values);

/// To `decimals` decimal places, half away from zero.
float rounded(double value, int decimals);

}  // namespace llmx::original
