#include "method/game/exact.hpp"

namespace llmx::method {

Ends for_every_coalition(Game& game,
                         const std::function<void(std::size_t members, const Eigen::VectorXd& gain)>& visit) {
    const std::size_t units = game.units();
    const auto make = [&](std::size_t members) {
        Coalition coalition(units);
        for (std::size_t u = 0; u < units; ++u) coalition[u] = members >> u & 1;
        return coalition;
    };
    Ends ends;
    for_each_value(game, std::size_t{1} << units, make,
                   [&](std::size_t members, const std::vector<double>& v) {
                       ends.all = Eigen::Map<const Eigen::VectorXd>(v.data(), v.size());
                       if (members == 0) ends.none = ends.all;
                       visit(members, ends.all - ends.none);
                   });
    return ends;
}

std::vector<double> shapley_weights(std::size_t units) {
    std::vector<double> weights(units + 2, 0.0);
    double orders = static_cast<double>(units);  // n (n-1 over s-1)
    for (std::size_t s = 1; s <= units; ++s) {
        weights[s] = 1 / orders;
        orders *= static_cast<double>(units - s) / static_cast<double>(s);
    }
    return weights;
}

}  // namespace llmx::method
