// Shapley values: a unit's mean contribution v(before and u) - v(before) over all orders in which units can
// be added (Shapley 1953; definitions 4). Exact from all coalitions of few units; else from random orders,
// each with its reverse (antithetic: the noise of what two units do together cancels in the pair).
// Contributions along an order telescope, so that they sum to v(all) - v(none) whatever was drawn (Castro et
// al. 2009).

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <llmx/error.hpp>
#include <numeric>

#include "core/random.hpp"
#include "method/definition.hpp"
#include "method/game/coalitions.hpp"
#include "method/game/exact.hpp"

namespace llmx::method {

namespace {

constexpr std::size_t exact_units = 12;       // definitions 4
constexpr std::size_t most_exact_units = 20;  // a million runs

bool is_exact(std::size_t units, const Options& options) {
    const std::string& choice = options.choice("exact");
    if (choice == "yes" && units > most_exact_units) {
        throw Error(
            ErrorCode::usage,
            fmt::format("shapley: `exact`: {} units have 2^{} coalitions; expected at most {} units, or no",
                        units, units, most_exact_units));
    }
    return choice == "yes" || (choice == "auto" && units <= exact_units) || units < 2;
}

double evaluations(const Extent& extent, const Options& options) {
    if (is_exact(extent.units, options)) return std::exp2(static_cast<double>(extent.units));
    return 2.0 + 2.0 * options.integer("permutations") * (static_cast<double>(extent.units) - 1);
}

/// v(S) counts for its members by the weight of its size, and against the others by that of one more.
Scores exactly(Game& game) {
    const std::size_t units = game.units();
    const auto weights = shapley_weights(units);
    Eigen::MatrixXd values = Eigen::MatrixXd::Zero(game.targets(), units);
    const Ends ends = for_every_coalition(game, [&](std::size_t members, const Eigen::VectorXd& gain) {
        const auto size = static_cast<std::size_t>(std::popcount(members));
        for (std::size_t u = 0; u < units; ++u) {
            const double weight = (members >> u & 1) != 0 ? weights[size] : -weights[size + 1];
            values.col(u) += weight * gain;
        }
    });
    Scores found{as_tensor(values)};
    found.completeness = completeness_of(found.scores, ends.all, ends.none);
    found.notes["exact"] = "yes";
    return found;
}

/// Random orders of units, each followed by its reverse.
class Walks {
public:
    Walks(std::size_t units, std::size_t permutations, std::uint64_t seed) {
        Random random(seed);
        orders_.assign(permutations, std::vector<std::size_t>(units));
        for (auto& order : orders_) {
            std::iota(order.begin(), order.end(), 0);
            random.shuffle(std::span(order));
        }
    }

    [[nodiscard]] std::size_t unit(std::size_t walk, std::size_t step) const {
        const auto& order = orders_[walk / 2];
        return walk % 2 == 0 ? order[step] : order[order.size() - 1 - step];
    }

    /// The units of steps 0 ... step.
    [[nodiscard]] Coalition until(std::size_t walk, std::size_t step) const {
        Coalition coalition(orders_[walk / 2].size(), 0);
        for (std::size_t k = 0; k <= step; ++k) coalition[unit(walk, k)] = 1;
        return coalition;
    }

private:
    std::vector<std::vector<std::size_t>> orders_;
};

/// Running mean and spread of the pairs' contributions, [targets, units] (Welford).
struct Spread {
    Eigen::MatrixXd mean, squares;
    double pairs = 0;

    void add(const Eigen::MatrixXd& pair) {
        pairs += 1;
        const Eigen::MatrixXd off = pair - mean;
        mean += off / pairs;
        squares += off.cwiseProduct(pair - mean);
    }
    [[nodiscard]] Eigen::MatrixXd standard_errors() const {
        return (squares / (pairs - 1) / pairs).cwiseSqrt();
    }
};

Scores sampled(Game& game, std::size_t permutations, std::uint64_t seed) {
    const std::size_t units = game.units();
    const std::size_t inner = units - 1;  // coalitions of an order that are neither empty nor whole
    const Eigen::MatrixXd ends = values_of(game, {Coalition(units, 1), Coalition(units, 0)});
    const Eigen::VectorXd all = ends.row(0);
    const Eigen::VectorXd none = ends.row(1);
    const Walks walks(units, permutations, seed);

    Eigen::MatrixXd pair = Eigen::MatrixXd::Zero(game.targets(), units);
    Spread spread{pair, pair};
    Eigen::VectorXd before;
    const auto make = [&](std::size_t i) { return walks.until(i / inner, i % inner); };
    for_each_value(game, 2 * permutations * inner, make, [&](std::size_t i, const std::vector<double>& v) {
        const std::size_t walk = i / inner;
        const std::size_t step = i % inner;
        if (step == 0) before = none;
        const Eigen::Map<const Eigen::VectorXd> with(v.data(), v.size());
        pair.col(walks.unit(walk, step)) += (with - before) / 2;
        before = with;
        if (step + 1 < inner) return;
        pair.col(walks.unit(walk, inner)) += (all - with) / 2;
        if (walk % 2 == 0) return;
        spread.add(pair);
        pair.setZero();
    });
    Scores found{as_tensor(spread.mean), as_tensor(spread.standard_errors())};
    found.completeness = completeness_of(found.scores, all, none);
    found.notes["exact"] = "no";
    return found;
}

Scores run(Game& game, const Options& options) {
    if (is_exact(game.units(), options)) return exactly(game);
    return sampled(game, options.integer("permutations"), options.integer("seed"));
}

}  // namespace

const Definition& shapley() {
    // 10 with their reverses are SHAP's PermutationExplainer's, and tell a standard error to a quarter of it.
    static const Definition definition{
        .name = "shapley",
        .help =
            "mean contribution over the orders in which units can be added: exact, or sampled with standard "
            "errors",
        .source =
            "Shapley 1953: A value for n-person games; Castro et al. 2009: Polynomial calculation of the "
            "Shapley value based on sampling",
        .is_signed = true,
        .options =
            game_options({{.name = "exact",
                           .kind = Option::Kind::choice,
                           .default_value = "auto",
                           .help = "run all 2^units coalitions: yes (to 20 units), no, or auto (to 12 units)",
                           .words = {"auto", "yes", "no"}},
                          {.name = "permutations",
                           .kind = Option::Kind::integer,
                           .default_value = "10",
                           .help = "random orders, where not exact; each is run with its reverse",
                           .low = 2,
                           .high = 1e5},
                          {.name = "seed",
                           .kind = Option::Kind::integer,
                           .default_value = "0",
                           .help = "of random numbers; the same seed gives the same result"}}),
        .evaluations = evaluations,
        .perturb = run};
    return definition;
}

}  // namespace llmx::method
