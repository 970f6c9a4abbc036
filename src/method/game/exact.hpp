#pragma once
// All coalitions of a few units, and the weights of Shapley values over them.

#include <Eigen/Core>
#include <functional>
#include <vector>

#include "method/game/coalitions.hpp"

namespace llmx::method {

/// v of every target at both ends.
struct Ends {
    Eigen::VectorXd all, none;
};

/// visit(members, v(S) - v(none)) for every coalition S, of bits `members`: bit u for unit u, the empty one
/// first, the whole one last. 2^units runs.
Ends for_every_coalition(Game& game,
                         const std::function<void(std::size_t members, const Eigen::VectorXd& gain)>& visit);

/// (s - 1)! (n - s)! / n! at s = 1 ... n, 0 at 0 and n + 1: the share of the orders of n units in which a
/// unit completes a given coalition of s.
std::vector<double> shapley_weights(std::size_t units);

}  // namespace llmx::method
