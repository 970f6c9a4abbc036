#pragma once
// Agreement of two lists of scores of the same things: rank correlations and the cosine. Each is empty if
// undefined: for fewer than two scores, or if all scores of a list are equal (for the cosine: zero).

#include <optional>
#include <span>
#include <vector>

namespace llmx {

/// The rank of each value from 1, the greatest first; equal values share the mean of their ranks.
std::vector<double> ranks(std::span<const double> values);

/// Spearman's rho: the correlation of the ranks. Both lists have the same size.
std::optional<double> spearman(std::span<const double> a, std::span<const double> b);

/// Kendall's tau-b, which corrects for ties (Kendall 1945), in O(n log n) (Knight 1966).
std::optional<double> kendall(std::span<const double> a, std::span<const double> b);

/// a · b / (|a| |b|)
std::optional<double> cosine(std::span<const double> a, std::span<const double> b);

}  // namespace llmx
