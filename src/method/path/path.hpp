#pragma once
// The straight path from a baseline to the input, and integrals along it (definitions 3).

#include <functional>
#include <string>
#include <vector>

#include "method/function.hpp"
#include "method/options.hpp"
#include "method/path/gauss_legendre.hpp"
#include "method/scores.hpp"

namespace llmx::method {

/// The options `baseline` (token, zero, mean) and `baseline_token`.
std::vector<Option> baseline_options();
/// The function's baseline that they name.
Tensor baseline_of(Function& function, const Options& options);

/// Throws Error{usage} for fewer points than the rule takes.
void require_steps(const std::string& rule, int count);

/// `rule`: gauss_legendre (exact to degree 2 count - 1), midpoint, or trapezoid (both ends are among the
/// `count` points, at least 2). Throws Error{usage} for fewer points. `go_on` is called while many points are
/// found; what it throws ends the work.
std::vector<PathNode> path_nodes(
    const std::string& rule, int count, const std::function<void()>& go_on = [] {});

/// from + at (to - from).
Tensor between(const Tensor& from, const Tensor& to, double at);

/// Σ_d (to - from)_rd gradient_rd, added to sums[r] times `weight`, of rows that are not fixed.
void add_products(const Tensor& from, const Tensor& to, const TensorView<const float>& gradient,
                  const std::vector<bool>& fixed, double weight, std::span<double> sums);

/// How far scores, [rows] in double, sum to f(input) - f(baseline).
Completeness completeness(std::span<const double> scores, double f_input, double f_baseline);
/// |residual| over |f(input) - f(baseline)|, or over a tenth of `total`, the sum of the scores' sizes, where
/// that is more: the scores of a target that hardly changes cancel. 0 within the rounding of float32 passes.
double relative_residual(const Completeness& completeness, double total);
/// The largest over the targets.
double worst_residual(const Scores& scores);
/// A residual above this, relative, is warned of.
inline constexpr double tolerated_residual = 0.05;

}  // namespace llmx::method
