// Shapley interactions: what two units add together beyond what each adds alone, over all orders in which
// units can be added (Grabisch and Roubens 1999; definitions 4). Exact, from all coalitions. The scores are
// the units' Shapley values, which the interactions split: a unit's value is its own effect and half of its
// interaction with each of the others.

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <llmx/error.hpp>

#include "method/definition.hpp"
#include "method/game/exact.hpp"

namespace llmx::method {

namespace {

constexpr std::size_t most_units = 16;  // 65536 runs

void require_few(std::size_t units) {
    if (units <= most_units) return;
    throw Error(
        ErrorCode::usage,
        fmt::format("shapley_interactions: {} units have 2^{} coalitions; expected at most {}: larger "
                    "units (`unit` sentence, line or turn), more of them held (`hold`), or the method "
                    "shapley, which can sample",
                    units, units, most_units));
}

double evaluations(const Extent& extent, const Options&) {
    require_few(extent.units);
    return std::exp2(static_cast<double>(extent.units));
}

/// s! (n - s - 2)! / (n - 1)!, s = 0 ... n - 2, of what two units add together to a coalition of s others:
/// the weights of a game in which the two are one player.
std::vector<double> pair_weights(std::size_t units) {
    std::vector<double> weights(units);
    if (units < 2) return weights;
    const std::vector<double> single = shapley_weights(units - 1);
    for (std::size_t s = 0; s + 2 <= units; ++s) weights[s] = single[s + 1];
    return weights;
}

/// The sums of all units and pairs, [targets] each.
class Sums {
public:
    Sums(std::size_t units, std::size_t targets)
        : units_(units),
          alone_(shapley_weights(units)),
          together_(pair_weights(units)),
          values_(Eigen::MatrixXd::Zero(targets, units)),
          pairs_(Eigen::MatrixXd::Zero(targets, units * units)) {}

    /// v(S) counts for a pair with the weight of S without it: for it if S has both or neither, against it if
    /// S has one.
    void add(std::size_t members, const Eigen::VectorXd& gain) {
        const auto size = static_cast<std::size_t>(std::popcount(members));
        for (std::size_t i = 0; i < units_; ++i) {
            const std::size_t has_i = members >> i & 1;
            values_.col(i) += (has_i != 0 ? alone_[size] : -alone_[size + 1]) * gain;
            for (std::size_t j = 0; j < i; ++j) {
                const std::size_t has = has_i + (members >> j & 1);
                pairs_.col(i * units_ + j) += (has == 1 ? -1 : 1) * together_[size - has] * gain;
            }
        }
    }

    [[nodiscard]] Tensor values() const { return as_tensor(values_); }

    /// [targets, units, units]: symmetric; on the diagonal what is left of a unit's value.
    [[nodiscard]] Tensor interactions() const {
        Eigen::MatrixXd whole = pairs_;
        for (std::size_t i = 0; i < units_; ++i) {
            whole.col(i * units_ + i) += values_.col(i);
            for (std::size_t j = 0; j < i; ++j) {
                const Eigen::VectorXd half = pairs_.col(i * units_ + j) / 2;
                whole.col(j * units_ + i) = pairs_.col(i * units_ + j);
                whole.col(i * units_ + i) -= half;
                whole.col(j * units_ + j) -= half;
            }
        }
        const auto units = static_cast<std::int64_t>(units_);
        return {{whole.rows(), units, units}, as_tensor(whole).values};
    }

private:
    std::size_t units_;
    std::vector<double> alone_, together_;
    Eigen::MatrixXd values_, pairs_;
};

Scores run(Game& game, const Options&) {
    require_few(game.units());
    Sums sums(game.units(), game.targets());
    const Ends ends = for_every_coalition(
        game, [&](std::size_t members, const Eigen::VectorXd& gain) { sums.add(members, gain); });
    Scores found{sums.values()};
    found.interactions = sums.interactions();
    found.completeness = completeness_of(found.scores, ends.all, ends.none);
    return found;
}

}  // namespace

const Definition& shapley_interactions() {
    static const Definition definition{
        .name = "shapley_interactions",
        .help =
            "exact Shapley values of up to 16 units, and what each two of them add together (in JSON and "
            "Python); 2^units runs",
        .source =
            "Grabisch and Roubens 1999: An axiomatic approach to the concept of interaction among "
            "players in cooperative games",
        .is_signed = true,
        .options = game_options({}),
        .evaluations = evaluations,
        .perturb = run,
        .slow = true};
    return definition;
}

}  // namespace llmx::method
