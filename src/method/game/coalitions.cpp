#include "method/game/coalitions.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace llmx::method {

void for_each_value(Game& game, std::size_t count, const std::function<Coalition(std::size_t)>& make,
                    const std::function<void(std::size_t, const std::vector<double>&)>& visit) {
    std::vector<Coalition> coalitions;
    coalitions.reserve(std::min(count, coalitions_a_call));
    for (std::size_t first = 0; first < count; first += coalitions_a_call) {
        const std::size_t last = std::min(count, first + coalitions_a_call);
        coalitions.clear();
        for (std::size_t i = first; i < last; ++i) coalitions.push_back(make(i));
        const auto values = game.values(coalitions);
        for (std::size_t i = first; i < last; ++i) visit(i, values[i - first]);
    }
}

Eigen::MatrixXd values_of(Game& game, const std::vector<Coalition>& coalitions) {
    Eigen::MatrixXd all(coalitions.size(), game.targets());
    for_each_value(
        game, coalitions.size(), [&](std::size_t i) { return coalitions[i]; },
        [&](std::size_t i, const std::vector<double>& v) {
            all.row(i) = Eigen::Map<const Eigen::RowVectorXd>(v.data(), all.cols());
        });
    return all;
}

Eigen::MatrixXd as_matrix(const std::vector<Coalition>& coalitions, std::size_t units) {
    Eigen::MatrixXd all(coalitions.size(), units);
    for (std::size_t i = 0; i < coalitions.size(); ++i) {
        for (std::size_t u = 0; u < units; ++u) all(i, u) = coalitions[i][u];
    }
    return all;
}

Tensor as_tensor(const Eigen::MatrixXd& values) {
    Tensor tensor = Tensor::zero({values.rows(), values.cols()});
    for (Eigen::Index t = 0; t < values.rows(); ++t) {
        for (Eigen::Index u = 0; u < values.cols(); ++u) tensor.row(t)[u] = static_cast<float>(values(t, u));
    }
    return tensor;
}

void warn_of_few(std::size_t samples, std::size_t units, std::vector<std::string>& warnings) {
    if (samples >= units) return;
    warnings.push_back(fmt::format(
        "{} samples are fewer than the {} units, too few to tell these apart; expected `samples` {} or more",
        samples, units, 2 * units));
}

std::vector<Completeness> completeness_of(const Tensor& scores, const Eigen::VectorXd& all,
                                          const Eigen::VectorXd& none) {
    std::vector<Completeness> found;
    found.reserve(all.size());
    for (Eigen::Index t = 0; t < all.size(); ++t) {
        double sum = 0;
        for (const float score : scores.row(t)) sum += score;
        found.push_back({all[t], none[t], sum - (all[t] - none[t])});
    }
    return found;
}

}  // namespace llmx::method
