#include "faithfulness/infidelity.hpp"

#include <fmt/format.h>

#include <llmx/error.hpp>
#include <numeric>

#include "faithfulness/random_maps.hpp"

namespace llmx::faithfulness {

namespace {

using method::Coalition;

/// The whole, then `samples` coalitions that each unit is missing from with probability 1/2.
std::vector<Coalition> drawn(std::size_t units, int samples, std::uint32_t seed) {
    Random random(std::uint64_t{seed} + (std::uint64_t{1} << 32));  // no seed of the rankings
    std::vector<Coalition> all(static_cast<std::size_t>(samples) + 1, Coalition(units, 1));
    for (std::size_t s = 1; s < all.size(); ++s) {
        for (std::uint8_t& kept : all[s]) kept = random.coin() ? 1 : 0;
    }
    return all;
}

/// f(all) - f of each coalition but the first.
std::vector<double> changes(method::Game& game, std::span<const Coalition> coalitions) {
    std::vector<double> values;
    values.reserve(coalitions.size());
    for (const std::vector<double>& value : game.values(coalitions))
        values.push_back(std::accumulate(value.begin(), value.end(), 0.0));
    std::vector<double> found;
    for (std::size_t s = 1; s < values.size(); ++s) found.push_back(values[0] - values[s]);
    return found;
}

struct Fit {
    double scale = 0, scaled = 0, unscaled = 0;
};

Fit fit(const Map& map, std::span<const Coalition> coalitions, std::span<const double> changes) {
    std::vector<double> sums;
    sums.reserve(changes.size());
    for (const Coalition& kept : coalitions.subspan(1)) {
        double sum = 0;
        for (std::size_t u = 0; u < map.size(); ++u) sum += kept[u] != 0 ? 0 : map[u];
        sums.push_back(sum);
    }
    const double squares = std::inner_product(sums.begin(), sums.end(), sums.begin(), 0.0);
    const double product = std::inner_product(sums.begin(), sums.end(), changes.begin(), 0.0);
    Fit found{.scale = squares > 0 ? product / squares : 0};
    const auto mean_square = [&](double scale) {
        double sum = 0;
        for (std::size_t s = 0; s < sums.size(); ++s) {
            const double error = scale * sums[s] - changes[s];
            sum += error * error;
        }
        return sum / static_cast<double>(sums.size());
    };
    found.scaled = mean_square(found.scale);
    found.unscaled = mean_square(1);
    return found;
}

}  // namespace

void require_infidelity(int samples) {
    if (samples == 0 || (samples >= 2 && samples <= 100'000)) return;
    throw Error(ErrorCode::usage,
                fmt::format("`infidelity`: got {}; expected 2 to 100000 subsets, or 0 for none", samples));
}

double infidelity_evaluations(int samples) { return samples == 0 ? 0 : samples + 1.0; }

std::vector<Faithfulness::Infidelity> infidelity(method::Game& game, std::span<const Map> maps, int samples,
                                                 int random_seeds, std::uint32_t seed) {
    require_seeds(random_seeds);
    require_infidelity(samples);
    require_sizes(maps, game.units());
    const std::vector<Coalition> coalitions = drawn(game.units(), samples, seed);
    const std::vector<double> changed = changes(game, coalitions);
    std::vector<double> random;
    RandomMaps rankings(game.units(), seed);
    random.reserve(static_cast<std::size_t>(random_seeds));
    for (int s = 0; s < random_seeds; ++s) random.push_back(fit(rankings.next(), coalitions, changed).scaled);
    std::vector<Faithfulness::Infidelity> found;
    found.reserve(maps.size());
    for (const Map& map : maps) {
        const Fit own = fit(map, coalitions, changed);
        found.push_back({beside(own.scaled, random, -1), own.unscaled, own.scale, samples});
    }
    return found;
}

}  // namespace llmx::faithfulness
