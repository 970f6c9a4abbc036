// Sparse linear surrogate: the weights of a Lasso fit of the answer's log-odds to coalitions that keep each
// unit with probability 1/2 (ContextCite, Cohen-Wang et al. 2024; definitions 4).
//
// Where v is the log-probability of an answer of T tokens, what is fitted is log(P / (1 - P)) / T with P =
// exp(v), and the weights are multiplied by T again, so that alpha means the same for every length, as in the
// paper's program. Of every other measure v over its deviation in the sample is fitted, so that alpha means
// the same in all units.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <llmx/error.hpp>

#include "core/random.hpp"
#include "method/definition.hpp"
#include "method/game/coalitions.hpp"
#include "method/game/lasso.hpp"

namespace llmx::method {

namespace {

/// log(P / (1 - P)) of v = log P. P is at most 1 - 2^-52, what a double tells from 1: log-odds end at 36.
double log_odds(double v) {
    if (v > 1e-6) {
        throw Error(ErrorCode::internal,
                    fmt::format("sparse_linear: a log-probability of {}; expected none above 0", v));
    }
    const double below = std::min(v, -std::numeric_limits<double>::epsilon());
    return below - std::log(-std::expm1(below));
}

double deviation(const Eigen::VectorXd& y) { return std::sqrt((y.array() - y.mean()).square().mean()); }

std::size_t samples_for(std::size_t units, const Options& options) {
    return units == 0 ? 0 : options.integer("samples");
}

std::vector<Coalition> drawn(std::size_t units, std::size_t samples, std::uint64_t seed) {
    Random random(seed);
    std::vector<Coalition> coalitions(samples, Coalition(units));
    for (Coalition& coalition : coalitions) {
        for (auto& kept : coalition) kept = random.coin() ? 1 : 0;
    }
    return coalitions;
}

Scores run(Game& game, const Options& options) {
    const std::size_t units = game.units();
    Scores found{Tensor::zero({static_cast<std::int64_t>(game.targets()), static_cast<std::int64_t>(units)})};
    if (units == 0) return found;
    warn_of_few(samples_for(units, options), units, found.warnings);
    const auto coalitions = drawn(units, samples_for(units, options), options.integer("seed"));
    const Eigen::MatrixXd values = values_of(game, coalitions);
    for (std::size_t t = 0; t < game.targets(); ++t) {
        const int tokens = game.log_probability_tokens(t);
        Eigen::VectorXd y = values.col(t);
        if (tokens > 0) y = y.unaryExpr(&log_odds);
        const double scale = tokens > 0 ? tokens : deviation(y);
        if (scale > 0) y /= scale;
        const auto fit = lasso(coalitions, {y.data(), coalitions.size()}, options.number("alpha"));
        for (std::size_t u = 0; u < units; ++u)
            found.scores.row(t)[u] = static_cast<float>(fit.weights[u] * scale);
        if (!fit.converged) {
            found.warnings.push_back(fmt::format(
                "the fit of target {} has not converged; a larger `alpha` or more `samples` would help",
                t + 1));
        }
        found.notes["fitted"] = tokens > 0 ? "log_odds" : "measure over its deviation";
    }
    return found;
}

}  // namespace

const Definition& sparse_linear() {
    // The paper takes 32 to 256 coalitions, and its program 64 and an alpha of 0.01.
    static const Definition definition{
        .name = "sparse_linear",
        .help =
            "weights of a Lasso fit to random halves of the units, of the answer's log-odds where the "
            "measure is its log-probability",
        .source = "Cohen-Wang et al. 2024: ContextCite: attributing model generation to context",
        .is_signed = true,
        .options = game_options(
            {{.name = "samples",
              .kind = Option::Kind::integer,
              .default_value = "64",
              .help = "coalitions to run (kernel_shap: 0 is max(2048 + 2n, 4n) for n units)",
              .low = 2,
              .high = 1e5},
             {.name = "alpha",
              .kind = Option::Kind::number,
              .default_value = "0.01",
              .help =
                  "weight of the fit's penalty: lime's ridge |w|^2, sparse_linear's |w|_1 per answer token",
              .low = 1e-6},
             {.name = "seed",
              .kind = Option::Kind::integer,
              .default_value = "0",
              .help = "of random numbers; the same seed gives the same result"}}),
        .evaluations =
            [](const Extent& extent, const Options& options) {
                return static_cast<double>(samples_for(extent.units, options));
            },
        .perturb = run};
    return definition;
}

}  // namespace llmx::method
