#pragma once
// Faithfulness of unit scores, measured by removing units in the order of their scores (definitions 5;
// comprehensiveness and sufficiency: DeYoung et al. 2020, curves: Petsiuk et al. 2018).

#include <cstdint>
#include <llmx/result.hpp>
#include <span>
#include <vector>

#include "method/game.hpp"

namespace llmx::faithfulness {

using Map = std::vector<double>;  ///< a score for every unit

/// The fractions of the units that are removed or inserted: 0, 0.1 ... 1.
inline constexpr int steps = 10;

/// How many of `units` make up the top step/10 of them, rounded up.
std::size_t top(std::size_t units, int step);

/// Units by descending signed score; among equal scores the earlier unit comes first.
std::vector<std::size_t> ranking(std::span<const double> scores);

/// Throws Error{usage} for fewer than 2.
void require_seeds(int random_seeds);

/// Throws Error{usage} for a map whose size is not the number of units.
void require_sizes(std::span<const Map> maps, std::size_t units);

/// Upper bound of the Game values that `measure` requests.
double evaluations(std::size_t units, std::size_t maps, int random_seeds);

/// What the numbers are made of.
enum class Scale {
    probability,  ///< exp(v) of the one target, the mean over the answer's tokens of their log-probability
    measure,      ///< the sum of v over the targets, in the units of their measure
};

/// One result for each map. The game is evaluated once, for the coalitions of all maps and of `random_seeds`
/// random rankings, which serve all maps as the baseline. Rankings of different seeds are independent. Throws
/// Error{usage} for fewer than 2 seeds and for a map whose size is not the number of units.
std::vector<Faithfulness> measure(method::Game& game, std::span<const Map> maps, int random_seeds,
                                  std::uint32_t seed, Scale scale = Scale::probability);

}  // namespace llmx::faithfulness
