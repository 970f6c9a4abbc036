#pragma once
// Games with known values, for tests of the perturbation methods.

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "method/definition.hpp"

namespace llmx::test {

/// Notes what it is asked.
class ToyGame : public method::Game {
public:
    using Rule = std::function<double(const method::Coalition&, std::size_t target)>;

    ToyGame(std::size_t units, std::size_t targets, Rule rule, int tokens = 0)
        : units_(units), targets_(targets), rule_(std::move(rule)), tokens_(tokens) {}

    [[nodiscard]] std::size_t units() const override { return units_; }
    [[nodiscard]] std::size_t targets() const override { return targets_; }
    [[nodiscard]] int log_probability_tokens(std::size_t) const override { return tokens_; }

    std::vector<std::vector<double>> values(std::span<const method::Coalition> coalitions) override {
        std::vector<std::vector<double>> all;
        for (const auto& coalition : coalitions) {
            asked.push_back(coalition);
            auto& row = all.emplace_back();
            for (std::size_t t = 0; t < targets_; ++t) row.push_back(rule_(coalition, t));
        }
        largest_call = std::max(largest_call, coalitions.size());
        return all;
    }

    /// v of one coalition.
    std::vector<double> value(const method::Coalition& coalition) { return values({&coalition, 1}).front(); }

    std::vector<method::Coalition> asked;
    std::size_t largest_call = 0;

private:
    std::size_t units_, targets_;
    Rule rule_;
    int tokens_;
};

/// v(S) = constant + the sum of the weights in S; `weights`: [targets][units].
inline ToyGame linear_game(const std::vector<std::vector<double>>& weights, double constant = 0) {
    return {weights.front().size(), weights.size(), [=](const method::Coalition& kept, std::size_t target) {
                double sum = constant;
                for (std::size_t u = 0; u < kept.size(); ++u) sum += kept[u] * weights[target][u];
                return sum;
            }};
}

inline std::vector<std::vector<double>> random_weights(std::size_t targets, std::size_t units,
                                                       std::uint64_t seed) {
    Random random(seed);
    std::vector<std::vector<double>> weights(targets, std::vector<double>(units));
    for (auto& row : weights) {
        for (double& w : row) w = 2 * random.uniform() - 1;
    }
    return weights;
}

/// v(S) in [-1, 1), drawn for every S on its own.
inline ToyGame random_game(std::size_t units, std::size_t targets, std::uint64_t seed) {
    const auto table = random_weights(targets, std::size_t{1} << units, seed);
    return {units, targets, [=](const method::Coalition& kept, std::size_t target) {
                std::size_t members = 0;
                for (std::size_t u = 0; u < kept.size(); ++u)
                    members |= static_cast<std::size_t>(kept[u]) << u;
                return table[target][members];
            }};
}

/// What each unit adds alone, and each pair of units together: v(S) = sum w_i + sum q_ij.
inline ToyGame pair_game(const std::vector<double>& alone, const std::vector<std::vector<double>>& together) {
    return {alone.size(), 1, [=](const method::Coalition& kept, std::size_t) {
                double sum = 0;
                for (std::size_t i = 0; i < kept.size(); ++i) {
                    sum += kept[i] * alone[i];
                    for (std::size_t j = 0; j < i; ++j) sum += kept[i] * kept[j] * together[i][j];
                }
                return sum;
            }};
}
/// Its Shapley values: w_i + half of what i's pairs add.
inline std::vector<double> shapley_of_pairs(const std::vector<double>& alone,
                                            const std::vector<std::vector<double>>& together) {
    std::vector<double> values = alone;
    for (std::size_t i = 0; i < alone.size(); ++i) {
        for (std::size_t j = 0; j < alone.size(); ++j)
            if (j != i) values[i] += together[std::max(i, j)][std::min(i, j)] / 2;
    }
    return values;
}

using Given = std::map<std::string, std::string>;

inline method::Options options_of(const std::string& method, const Given& given = {}) {
    return {method, method::definition(method).options, given};
}

inline method::Scores play(const std::string& method, method::Game& game, const Given& given = {}) {
    return method::definition(method).perturb(game, options_of(method, given));
}

}  // namespace llmx::test
