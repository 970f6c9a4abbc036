#pragma once
// How well scores of units tell what an answer rests on: by taking units away in the order of their scores
// (definitions 5; comprehensiveness and sufficiency: DeYoung et al. 2020, curves: Petsiuk et al. 2018).

#include <cstdint>
#include <llmx/result.hpp>
#include <span>
#include <vector>

#include "method/game.hpp"

namespace llmx::faithfulness {

using Map = std::vector<double>;  ///< a score for every unit

/// The parts of the units that are taken away or put in: 0, 0.1 ... 1.
inline constexpr int steps = 10;

/// How many of `units` are the top step/10 of them: the fewest that are at least that part.
std::size_t top(std::size_t units, int step);

/// Units from the largest score to the smallest, signs counted; of equal scores the earlier unit goes first.
std::vector<std::size_t> ranking(std::span<const double> scores);

/// Values of a Game that `measure` asks for at most.
double evaluations(std::size_t units, std::size_t maps, int random_seeds);

/// One result for each map. The game's one target is the mean over the answer's tokens of their
/// log-probability, so that p = exp(v). The game is asked once, for the coalitions of all maps and of
/// `random_seeds` random rankings, which all maps stand beside. Throws Error{usage} for fewer than 2 seeds
/// and for a map that is not of the game's units.
std::vector<Faithfulness> measure(method::Game& game, std::span<const Map> maps, int random_seeds,
                                  std::uint32_t seed);

}  // namespace llmx::faithfulness
