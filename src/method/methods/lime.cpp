// LIME: the weights of a linear fit to v around the whole text (Ribeiro et al. 2016; definitions 4). As its
// program does for texts: each sample takes away a random number of units, uniform from one to all;
// coalitions count by the exponential kernel exp(-d^2 / (2 width^2)) of their cosine distance d to the whole,
// d = 1 - sqrt(kept / units); ridge regression with a free intercept. No unit is left out beforehand.

#include <Eigen/Cholesky>
#include <cmath>
#include <numeric>

#include "core/random.hpp"
#include "method/definition.hpp"
#include "method/game/coalitions.hpp"

namespace llmx::method {

namespace {

std::size_t samples_for(std::size_t units, const Options& options) {
    return units == 0 ? 0 : options.integer("samples");
}

std::vector<Coalition> drawn(std::size_t units, std::size_t samples, std::uint64_t seed) {
    Random random(seed);
    std::vector<std::size_t> order(units);
    std::iota(order.begin(), order.end(), 0);
    std::vector<Coalition> coalitions(samples + 1, Coalition(units, 1));  // the first is the whole
    for (std::size_t i = 1; i <= samples; ++i) {
        const std::size_t absent = 1 + random.below(units);
        for (std::size_t k = 0; k < absent; ++k) {  // the begin of a shuffle
            std::swap(order[k], order[k + random.below(units - k)]);
            coalitions[i][order[k]] = 0;
        }
    }
    return coalitions;
}

double kernel(const Coalition& coalition, double width) {
    const double kept = std::accumulate(coalition.begin(), coalition.end(), 0.0);
    const double distance = 1 - std::sqrt(kept / static_cast<double>(coalition.size()));
    return std::exp(-distance * distance / (2 * width * width));
}

Scores run(Game& game, const Options& options) {
    const std::size_t units = game.units();
    const auto coalitions = drawn(units, samples_for(units, options), options.integer("seed"));
    Eigen::MatrixXd y = values_of(game, coalitions);
    if (units == 0) return {as_tensor(Eigen::MatrixXd::Zero(game.targets(), 0))};

    Eigen::VectorXd weights(coalitions.size());
    for (std::size_t i = 0; i < coalitions.size(); ++i)
        weights[i] = kernel(coalitions[i], options.number("kernel_width"));
    Eigen::MatrixXd x = as_matrix(coalitions, units);
    // A free intercept is a fit between differences from the weighted means.
    y.rowwise() -= y.row(0).eval();
    x.rowwise() -= (weights.transpose() * x / weights.sum()).eval();
    y.rowwise() -= (weights.transpose() * y / weights.sum()).eval();
    const Eigen::MatrixXd weighted = weights.asDiagonal() * x;
    Eigen::MatrixXd gram = x.transpose() * weighted;
    gram.diagonal().array() += options.number("alpha");
    const Eigen::MatrixXd fit = Eigen::LDLT<Eigen::MatrixXd>(gram).solve(weighted.transpose() * y);
    Scores found{as_tensor(fit.transpose())};
    warn_of_few(samples_for(units, options), units, found.warnings);
    return found;
}

}  // namespace

const Definition& lime() {
    // Width 0.25 of a distance to 1 is LIME's 25 of one to 100.
    static const Definition definition{
        .name = "lime",
        .help = "weights of a linear fit around the whole text: exponential kernel, ridge",
        .source =
            "Ribeiro et al. 2016: 'Why should I trust you?' Explaining the predictions of any classifier",
        .is_signed = true,
        .options = game_options(
            {{.name = "samples",
              .kind = Option::Kind::integer,
              .default_value = "1000",
              .help = "coalitions to run (kernel_shap: 0 is max(2048 + 2n, 4n) for n units)",
              .low = 1,
              .high = 1e5},
             {.name = "kernel_width",
              .kind = Option::Kind::number,
              .default_value = "0.25",
              .help = "of the kernel: cosine distance to the whole text at which a sample counts exp(-1/2)",
              .low = 1e-3},
             {.name = "alpha",
              .kind = Option::Kind::number,
              .default_value = "1",
              .help =
                  "weight of the fit's penalty: lime's ridge |w|^2, sparse_linear's |w|_1 per answer token",
              .low = 1e-6},
             {.name = "seed",
              .kind = Option::Kind::integer,
              .default_value = "0",
              .help = "of random numbers; the same seed gives the same result"}}),
        .evaluations =
            [](const Extent& extent, const Options& options) {
                return 1.0 + static_cast<double>(samples_for(extent.units, options));
            },
        .perturb = run};
    return definition;
}

}  // namespace llmx::method
