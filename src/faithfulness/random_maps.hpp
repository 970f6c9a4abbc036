#pragma once
// Random rankings, and a number beside those of random rankings.

#include <llmx/result.hpp>
#include <numeric>
#include <span>

#include "core/random.hpp"
#include "faithfulness/faithfulness.hpp"

namespace llmx::faithfulness {

/// Uniformly random rankings, as scores without ties, 0 to units - 1: one stream of draws, so that the
/// rankings of one seed do not depend on those of another.
class RandomMaps {
public:
    RandomMaps(std::size_t units, std::uint32_t seed) : units_(units), random_(seed) {}
    Map next() {
        Map scores(units_);
        std::iota(scores.begin(), scores.end(), 0.0);
        random_.shuffle(std::span(scores));
        return scores;
    }

private:
    std::size_t units_;
    Random random_;
};

/// A number beside the mean and standard deviation of the same number of random rankings, two or more.
/// `sign`: 1 if more is better, -1 if less is.
Faithfulness::Number beside(double value, std::span<const double> random, double sign);

}  // namespace llmx::faithfulness
