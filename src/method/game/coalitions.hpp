#pragma once
// What the perturbation methods share: asking a game much in bounded memory, and giving its answers back.

#include <Eigen/Core>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "method/game.hpp"
#include "method/scores.hpp"

namespace llmx::method {

/// Coalitions asked for in one call of Game::values: enough to share prefixes, little memory.
constexpr std::size_t coalitions_a_call = 4096;

/// visit(i, v of make(i)) for i = 0 ... count - 1 in this order; `make` is called in this order too, ahead of
/// the visits of its call.
void for_each_value(Game& game, std::size_t count, const std::function<Coalition(std::size_t)>& make,
                    const std::function<void(std::size_t, const std::vector<double>&)>& visit);

/// v of every coalition, [coalitions, targets].
Eigen::MatrixXd values_of(Game& game, const std::vector<Coalition>& coalitions);

/// One row a coalition, one column a unit: 1 where it is kept.
Eigen::MatrixXd as_matrix(const std::vector<Coalition>& coalitions, std::size_t units);

/// [targets, units].
Tensor as_tensor(const Eigen::MatrixXd& values);

/// Warns if there are fewer samples than units: a fit to them cannot tell all units apart.
void warn_of_few(std::size_t samples, std::size_t units, std::vector<std::string>& warnings);

/// Of scores that sum to all - none, one number a target each.
std::vector<Completeness> completeness_of(const Tensor& scores, const Eigen::VectorXd& all,
                                          const Eigen::VectorXd& none);

}  // namespace llmx::method
