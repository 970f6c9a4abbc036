#include "faithfulness/faithfulness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>
#include <numeric>

#include "core/rank_correlation.hpp"
#include "faithfulness/random_maps.hpp"

namespace llmx::faithfulness {

namespace {

using method::Coalition;
using Curve = std::vector<double>;  // p (or the measure) at 0, 0.1 ... 1

/// The coalitions of all maps in sequence, and the position of each map's values.
class Questions {
public:
    Questions(std::size_t units, Scale scale) : units_(units), scale_(scale) {
        coalitions_.resize(1 + units, Coalition(units, 1));
        for (std::size_t u = 0; u < units; ++u) coalitions_[1 + u][u] = 0;
    }
    void add(const Map& map) {
        const std::vector<std::size_t> order = ranking(map);
        for (int step = 0; step <= steps; ++step) {
            Coalition without(units_, 1);
            Coalition only(units_, 0);
            for (std::size_t k = 0; k < top(units_, step); ++k) {
                without[order[k]] = 0;
                only[order[k]] = 1;
            }
            coalitions_.push_back(std::move(without));
            coalitions_.push_back(std::move(only));
        }
    }
    void ask(method::Game& game) {
        for (const std::vector<double>& value : game.values(coalitions_))
            values_.push_back(std::accumulate(value.begin(), value.end(), 0.0));
    }
    /// The loss of v without each unit.
    [[nodiscard]] Map leave_one_out() const {
        Map losses;
        losses.reserve(units_);
        for (std::size_t u = 0; u < units_; ++u) losses.push_back(values_[0] - values_[1 + u]);
        return losses;
    }
    [[nodiscard]] Curve deletion(std::size_t map) const { return curve(map, 0); }
    [[nodiscard]] Curve insertion(std::size_t map) const { return curve(map, 1); }

private:
    [[nodiscard]] Curve curve(std::size_t map, std::size_t kind) const {
        Curve p;
        for (std::size_t step = 0; step <= steps; ++step) {
            const double v = values_[1 + units_ + 2 * (map * (steps + 1) + step) + kind];
            p.push_back(scale_ == Scale::probability ? std::exp(v) : v);
        }
        return p;
    }

    std::size_t units_;
    Scale scale_;
    std::vector<Coalition> coalitions_;
    std::vector<double> values_;
};

/// Mean over the thresholds 0.1 ... 1 of the loss against the whole input's p.
double mean_loss(double whole, const Curve& curve) {
    return whole - std::accumulate(curve.begin() + 1, curve.end(), 0.0) / steps;
}

/// By the trapezoidal rule, over fractions from 0 to 1.
double area(const Curve& curve) {
    const double ends = (curve.front() + curve.back()) / 2;
    return (std::accumulate(curve.begin() + 1, curve.end() - 1, ends)) / steps;
}

/// The numbers of one ranking.
struct Numbers {
    double comprehensiveness, sufficiency, deletion_area, insertion_area;
    std::optional<double> kendall_tau;
    Curve deletion, insertion;
};

Numbers numbers_of(const Questions& questions, std::size_t index, const Map& map, const Map& losses) {
    Curve deletion = questions.deletion(index);
    Curve insertion = questions.insertion(index);
    const double whole = deletion.front();
    return {mean_loss(whole, deletion), mean_loss(whole, insertion), area(deletion),      area(insertion),
            kendall(map, losses),       std::move(deletion),         std::move(insertion)};
}

template <class Get>
Faithfulness::Number number_of(const Numbers& own, std::span<const Numbers> random, double sign,
                               const Get& get) {
    std::vector<double> values;
    values.reserve(random.size());
    for (const Numbers& r : random) values.push_back(get(r));
    return beside(get(own), values, sign);
}

Curve mean_of(std::span<const Numbers> random, Curve Numbers::*curve) {
    Curve mean(steps + 1, 0.0);
    for (const Numbers& r : random) {
        for (std::size_t i = 0; i < mean.size(); ++i)
            mean[i] += (r.*curve)[i] / static_cast<double>(random.size());
    }
    return mean;
}

Faithfulness result_of(const Numbers& own, std::span<const Numbers> random) {
    Faithfulness found;
    found.comprehensiveness = number_of(own, random, 1, [](const Numbers& n) { return n.comprehensiveness; });
    found.sufficiency = number_of(own, random, -1, [](const Numbers& n) { return n.sufficiency; });
    found.deletion_area = number_of(own, random, -1, [](const Numbers& n) { return n.deletion_area; });
    found.insertion_area = number_of(own, random, 1, [](const Numbers& n) { return n.insertion_area; });
    // Random rankings have no ties: theirs is missing only if all units lose the same, and then so is this.
    if (own.kendall_tau)
        found.kendall_tau = number_of(own, random, 1, [](const Numbers& n) { return *n.kendall_tau; });
    for (int step = 0; step <= steps; ++step)
        found.fractions.push_back(static_cast<double>(step) / static_cast<double>(steps));
    found.deletion = own.deletion;
    found.insertion = own.insertion;
    found.random_deletion = mean_of(random, &Numbers::deletion);
    found.random_insertion = mean_of(random, &Numbers::insertion);
    found.random_seeds = static_cast<int>(random.size());
    return found;
}

}  // namespace

std::size_t top(std::size_t units, int step) {
    return (units * static_cast<std::size_t>(step) + steps - 1) / steps;
}

std::vector<std::size_t> ranking(std::span<const double> scores) {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
    return order;
}

double evaluations(std::size_t units, std::size_t maps, int random_seeds) {
    const double rankings = static_cast<double>(maps) + random_seeds;
    return 2 + static_cast<double>(units) + 2 * (steps - 1) * rankings;
}

void require_seeds(int random_seeds) {
    if (random_seeds >= 2) return;
    throw Error(ErrorCode::usage,
                fmt::format("`seeds`: got {}; expected 2 or more, for a standard deviation", random_seeds));
}

void require_sizes(std::span<const Map> maps, std::size_t units) {
    for (const Map& map : maps) {
        if (map.size() == units) continue;
        throw Error(ErrorCode::usage, fmt::format("faithfulness: {} scores for {} units; expected one each",
                                                  map.size(), units));
    }
}

std::vector<Faithfulness> measure(method::Game& game, std::span<const Map> maps, int random_seeds,
                                  std::uint32_t seed, Scale scale) {
    require_seeds(random_seeds);
    require_sizes(maps, game.units());
    std::vector<Map> all(maps.begin(), maps.end());
    RandomMaps drawn(game.units(), seed);
    for (int s = 0; s < random_seeds; ++s) all.push_back(drawn.next());

    Questions questions(game.units(), scale);
    for (const Map& map : all) questions.add(map);
    questions.ask(game);
    const Map losses = questions.leave_one_out();
    std::vector<Numbers> numbers;
    for (std::size_t i = 0; i < all.size(); ++i) numbers.push_back(numbers_of(questions, i, all[i], losses));
    const std::span<const Numbers> random = std::span(numbers).subspan(maps.size());
    std::vector<Faithfulness> found;
    for (std::size_t i = 0; i < maps.size(); ++i) found.push_back(result_of(numbers[i], random));
    return found;
}

}  // namespace llmx::faithfulness
