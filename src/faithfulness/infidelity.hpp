#pragma once
// Infidelity: do scores sum to what the model's value changes by when units are taken away (definitions 5;
// Yeh et al. 2019)?

#include <llmx/result.hpp>
#include <span>
#include <vector>

#include "faithfulness/faithfulness.hpp"

namespace llmx::faithfulness {

/// Throws Error{usage} for a number of samples that is neither 0 nor 2 to 100,000.
void require_infidelity(int samples);

/// Values of the Game that `infidelity` requests; 0 for no samples.
double infidelity_evaluations(int samples);

/// One result for each map. With f the sum of the game's targets and I a random subset of the units, each
/// unit in it with probability 1/2: the mean over `samples` draws of (scale * sum of the scores in I -
/// (f(all) - f(all without I)))^2, in squared units of f. `scaled`: with the scale for which it is least, so
/// that maps of any size compare (Captum's infidelity with normalize=True; 0 where all sums are 0);
/// `unscaled`: with 1. The subsets, and `random_seeds` random rankings 0 ... n - 1 in place of scores as the
/// baseline, are the same for all maps. Throws Error{usage} as `measure` does.
std::vector<Faithfulness::Infidelity> infidelity(method::Game& game, std::span<const Map> maps, int samples,
                                                 int random_seeds, std::uint32_t seed);

}  // namespace llmx::faithfulness
