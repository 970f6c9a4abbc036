// KernelSHAP: Shapley values as the weighted least squares fit v(S) ~ v(none) + sum of the scores in S, with
// the Shapley kernel as weight and the sum of all scores held at v(all) - v(none) (Lundberg and Lee 2017;
// definitions 4). Sizes of coalitions that a budget covers are run whole; of the others pairs are drawn, a
// coalition and its complement (Covert and Lee 2021). With all coalitions the fit is exact.
//
// Standard errors: the sandwich of the regression over the drawn pairs, each residual divided by one less its
// leverage (HC3, close to the jackknife); none where all was run.

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>
#include <numeric>

#include "core/random.hpp"
#include "method/definition.hpp"
#include "method/game/coalitions.hpp"

namespace llmx::method {

namespace {

/// Coalitions of s units together with those of n - s.
struct Size {
    std::size_t units;
    double mass;   ///< of the kernel, all sizes together 1
    double count;  ///< coalitions
};

std::vector<Size> sizes_of(std::size_t units) {
    const auto n = static_cast<double>(units);
    std::vector<Size> sizes;
    double subsets = 1;
    double total = 0;
    for (std::size_t s = 1; 2 * s <= units; ++s) {
        const auto size = static_cast<double>(s);
        subsets *= (n - size + 1) / size;
        const double both = 2 * s == units ? 1 : 2;
        sizes.push_back({s, both / (size * (n - size)), both * subsets});
        total += sizes.back().mass;
    }
    for (Size& size : sizes) size.mass /= total;
    return sizes;
}

/// What is run beside v(all) and v(none).
struct Plan {
    std::vector<Size> whole;  ///< every coalition of these sizes
    std::vector<Size> rest;   ///< pairs drawn among these
    std::size_t pairs = 0;
};

Plan plan_of(std::size_t units, const Options& options) {
    const int asked = options.integer("samples");
    const double least = 4.0 * static_cast<double>(units);
    double left = asked > 0 ? asked : std::max(2048.0 + 2.0 * static_cast<double>(units), least);
    if (units < 2) return {};
    const bool all = std::exp2(static_cast<double>(units)) - 2 <= left;
    if (!all && left < least) {
        throw Error(ErrorCode::usage,
                    fmt::format("kernel_shap: `samples`: got {} for {} units; expected at least {}, or 0",
                                asked, units, 4 * units));
    }
    Plan plan;
    double mass = 1;  // of the sizes that are left
    for (const Size& size : sizes_of(units)) {
        // Whole where that many draws would go there anyway, smallest sizes first, as in the paper's program;
        // the first always, as single units alone make the fit unique.
        const bool covered = left * size.mass / mass >= size.count * (1 - 1e-9);
        if (!all && size.units > 1 && (!plan.rest.empty() || !covered)) {
            plan.rest.push_back(size);
            continue;
        }
        plan.whole.push_back(size);
        left -= size.count;
        mass -= size.mass;
    }
    if (!plan.rest.empty()) plan.pairs = static_cast<std::size_t>(left / 2);
    return plan;
}

double evaluations(const Extent& extent, const Options& options) {
    const Plan plan = plan_of(extent.units, options);
    double count = 2 + 2 * static_cast<double>(plan.pairs);
    for (const Size& size : plan.whole) count += size.count;
    return count;
}

/// Coalitions with their weights. The drawn pairs stand first: rows 2k and 2k + 1 are complements.
struct Design {
    std::vector<Coalition> coalitions;
    std::vector<double> weights;

    void add(const Coalition& coalition, double weight) {
        coalitions.push_back(coalition);
        weights.push_back(weight);
    }
    void add_both(Coalition coalition, double weight) {
        add(coalition, weight);
        for (auto& kept : coalition) kept = 1 - kept;
        add(coalition, weight);
    }
};

void add_drawn(std::size_t units, const Plan& plan, std::uint64_t seed, Design& design) {
    Random random(seed);
    double mass = 0;
    for (const Size& size : plan.rest) mass += size.mass;
    std::vector<std::size_t> order(units);
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t pair = 0; pair < plan.pairs; ++pair) {
        double place = random.uniform() * mass;
        std::size_t drawn = 0;
        while (drawn + 1 < plan.rest.size() && place >= plan.rest[drawn].mass)
            place -= plan.rest[drawn++].mass;
        Coalition coalition(units, 0);
        for (std::size_t k = 0; k < plan.rest[drawn].units; ++k) {  // the begin of a shuffle
            std::swap(order[k], order[k + random.below(units - k)]);
            coalition[order[k]] = 1;
        }
        design.add_both(std::move(coalition), mass / (2 * static_cast<double>(plan.pairs)));
    }
}

void add_whole(std::size_t units, const Size& size, Design& design) {
    std::vector<int> chosen(units, 0);
    std::fill_n(chosen.begin(), size.units, 1);
    do {
        const Coalition coalition(chosen.begin(), chosen.end());
        if (2 * size.units == units) {
            design.add(coalition, size.mass / size.count);
        } else {
            design.add_both(coalition, size.mass / size.count);
        }
    } while (std::prev_permutation(chosen.begin(), chosen.end()));
}

struct Fit {
    Eigen::MatrixXd scores;           ///< [units, targets]
    Eigen::MatrixXd standard_errors;  ///< of the same shape, or empty
};

/// Variance of the scores, from the influence that each pair has on them. `x`, `residuals`: of all rows.
Eigen::MatrixXd standard_errors(const Eigen::MatrixXd& x, const Eigen::MatrixXd& residuals,
                                const Eigen::LDLT<Eigen::MatrixXd>& gram, double weight, std::size_t pairs) {
    const auto count = static_cast<Eigen::Index>(pairs);
    const auto share = static_cast<double>(pairs);
    Eigen::MatrixXd direction(x.cols(), count);  // a complement's row of x is the same, negative
    Eigen::MatrixXd pull(count, residuals.cols());
    for (Eigen::Index k = 0; k < count; ++k) {
        direction.col(k) = x.row(2 * k);
        pull.row(k) = weight * (residuals.row(2 * k) - residuals.row(2 * k + 1));
    }
    Eigen::MatrixXd influence(x.cols() + 1, count);
    influence.topRows(x.cols()) = gram.solve(direction);
    influence.row(x.cols()) = -influence.topRows(x.cols()).colwise().sum();  // the eliminated unit's
    for (Eigen::Index k = 0; k < count; ++k)
        pull.row(k) /= 1 - 2 * weight * direction.col(k).dot(influence.col(k).head(x.cols()));

    Eigen::MatrixXd errors(influence.rows(), residuals.cols());
    for (Eigen::Index t = 0; t < residuals.cols(); ++t) {
        Eigen::MatrixXd each = influence * pull.col(t).asDiagonal();
        each.colwise() -= each.rowwise().mean().eval();
        errors.col(t) = (each.rowwise().squaredNorm() * (share / (share - 1))).cwiseSqrt();
    }
    return errors;
}

/// `gains`: v - v(none) of every row, [rows, targets]; `total`: v(all) - v(none). The last unit's score is
/// what the others leave of the total, which takes it out of the fit.
Fit fit(const Design& design, const Eigen::MatrixXd& gains, const Eigen::RowVectorXd& total,
        std::size_t pairs) {
    const auto units = static_cast<Eigen::Index>(design.coalitions.front().size());
    const Eigen::MatrixXd kept = as_matrix(design.coalitions, units);
    const Eigen::MatrixXd x = kept.leftCols(units - 1).colwise() - kept.col(units - 1);
    const Eigen::MatrixXd y = gains - kept.col(units - 1) * total;
    const Eigen::Map<const Eigen::VectorXd> weights(design.weights.data(), design.weights.size());

    const Eigen::MatrixXd weighted = weights.asDiagonal() * x;
    const Eigen::LDLT<Eigen::MatrixXd> gram(x.transpose() * weighted);
    Fit found;
    found.scores.resize(units, y.cols());
    found.scores.topRows(units - 1) = gram.solve(weighted.transpose() * y);
    found.scores.row(units - 1) = total - found.scores.topRows(units - 1).colwise().sum();
    if (pairs > 0) {
        const Eigen::MatrixXd residuals = y - x * found.scores.topRows(units - 1);
        found.standard_errors = standard_errors(x, residuals, gram, design.weights.front(), pairs);
    }
    return found;
}

Scores run(Game& game, const Options& options) {
    const std::size_t units = game.units();
    const Plan plan = plan_of(units, options);
    Design design;
    add_drawn(units, plan, options.integer("seed"), design);
    for (const Size& size : plan.whole) add_whole(units, size, design);
    design.add(Coalition(units, 1), 0);
    design.add(Coalition(units, 0), 0);

    Eigen::MatrixXd values = values_of(game, design.coalitions);
    const Eigen::Index rows = values.rows() - 2;
    const Eigen::RowVectorXd all = values.row(rows);
    const Eigen::RowVectorXd none = values.row(rows + 1);
    design.coalitions.resize(rows);
    design.weights.resize(rows);

    Fit found;
    if (units < 2) {
        found.scores = (all - none).colwise().replicate(units);
    } else {
        found = fit(design, values.topRows(rows).rowwise() - none, all - none, plan.pairs);
    }
    Scores scores{as_tensor(found.scores.transpose())};
    if (plan.pairs > 0) scores.standard_errors = as_tensor(found.standard_errors.transpose());
    scores.completeness = completeness_of(scores.scores, all, none);
    scores.notes["exact"] = plan.pairs > 0 ? "no" : "yes";
    return scores;
}

}  // namespace

const Definition& kernel_shap() {
    static const Definition definition{
        .name = "kernel_shap",
        .help =
            "Shapley values by weighted least squares, with standard errors; exact where all coalitions fit "
            "into samples",
        .source =
            "Lundberg and Lee 2017: A unified approach to interpreting model predictions; Covert and Lee "
            "2021: Improving KernelSHAP",
        .is_signed = true,
        .options =
            game_options({{.name = "samples",
                           .kind = Option::Kind::integer,
                           .default_value = "0",
                           .help = "coalitions to run (kernel_shap: 0 is max(2048 + 2n, 4n) for n units)",
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
