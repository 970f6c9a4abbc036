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

/// The row whose score is largest in magnitude, the first of equal ones; none where all are 0.
int largest_row(std::span<const float> scores, const std::vector<int>& rows) {
    int found = -1;
    float largest = 0;
    for (const int row : rows) {
        const float size = std::abs(scores[static_cast<std::size_t>(row)]);
        if (size > largest) largest = size, found = row;
    }
    return found;
}

double max_abs(std::span<const float> scores, const std::vector<int>& rows) {
    const int row = largest_row(scores, rows);
    return row < 0 ? 0 : scores[static_cast<std::size_t>(row)];
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

Tensor aggregate_errors(const Tensor& scores, const Tensor& errors, const std::vector<Unit>& units,
                        Aggregation aggregation) {
    Tensor result = aggregate(errors, units, aggregation);
    if (aggregation != Aggregation::max_abs) return result;
    for (std::size_t t = 0; t < static_cast<std::size_t>(result.shape.front()); ++t) {
        for (std::size_t u = 0; u < units.size(); ++u) {
            if (units[u].tokens.empty()) continue;
            const int row = largest_row(scores.row(t), units[u].tokens);
            // All are 0: none is chosen, and the first one's error is as good as any.
            const auto of = static_cast<std::size_t>(row < 0 ? units[u].tokens.front() : row);
            result.row(t)[u] = errors.row(t)[of];
        }
    }
    return result;
}

}  // namespace llmx::unit
