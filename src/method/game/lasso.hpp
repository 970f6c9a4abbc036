#pragma once
// Sparse linear regression on coalitions.

#include <span>
#include <vector>

#include "method/game.hpp"

namespace llmx::method {

struct LassoFit {
    std::vector<double> weights;  ///< one a unit
    double intercept = 0;
    bool converged = false;  ///< to a duality gap of 1e-12 of y's sum of squares
};

/// Minimises 1/(2m) |y - b - Z w|^2 + alpha |w|_1 over w and the intercept b, with Z the m coalitions'
/// columns brought to mean 0 and standard deviation 1 (scikit-learn's StandardScaler and Lasso), and gives w
/// in the columns' own scale. A unit that is in all coalitions or in none gets 0. m > 0, alpha > 0.
LassoFit lasso(const std::vector<Coalition>& coalitions, std::span<const double> y, double alpha);

}  // namespace llmx::method
