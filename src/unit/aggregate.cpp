#include <fmt/format.h>

#include <cmath>
#include <llmx/error.hpp>

#include "unit/split.hpp"

namespace llmx::unit {

namespace {

using Aggregate = double (*)(std::span<const float> scores, const std::vector<int>& rows);

double sum(std::span<const float> scores, const std::vector<int>& rows) {
    double total = 0;
    for (const int row : rows) total += scores[static_cast<std::size_t>(row)];
    return total;
}

double mean(std::span<const float> scores, const std::vector<int>& rows) {
    return rows.empty() ? 0 : sum(scores, rows) / static_cast<double>(rows.size());
}

double max_abs(std::span<const float> scores, const std::vector<int>& rows) {
    double largest = 0;
    for (const int row : rows) {
        const double score = scores[static_cast<std::size_t>(row)];
        if (std::abs(score) > std::abs(largest)) largest = score;
    }
    return largest;
}

Aggregate function_of(Aggregation aggregation) {
    switch (aggregation) {
        case Aggregation::mean:
            return mean;
        case Aggregation::max_abs:
            return max_abs;
        default:
            return sum;
    }
}

}  // namespace

Tensor aggregate(const Tensor& scores, const std::vector<Unit>& units, Aggregation aggregation) {
    const Aggregate of = function_of(aggregation);
    const std::int64_t rows = scores.shape.size() == 2 ? scores.shape[1] : -1;
    for (const Unit& unit : units) {
        for (const int row : unit.tokens) {
            if (row >= 0 && row < rows) continue;
            throw Error(ErrorCode::internal, fmt::format("units: row {} of scores of {} rows", row, rows));
        }
    }
    const std::int64_t targets = scores.shape.empty() ? 0 : scores.shape.front();
    Tensor result = Tensor::zero({targets, static_cast<std::int64_t>(units.size())});
    for (std::int64_t t = 0; t < targets && !units.empty(); ++t) {
        const auto from = scores.row(static_cast<std::size_t>(t));
        const auto to = result.row(static_cast<std::size_t>(t));
        for (std::size_t u = 0; u < units.size(); ++u) to[u] = static_cast<float>(of(from, units[u].tokens));
    }
    return result;
}

}  // namespace llmx::unit
