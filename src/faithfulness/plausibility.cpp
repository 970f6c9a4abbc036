#include "faithfulness/plausibility.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

namespace llmx::faithfulness {

namespace {

std::size_t count_of(const std::vector<bool>& marked) {
    return static_cast<std::size_t>(std::count(marked.begin(), marked.end(), true));
}

}  // namespace

double token_f1(const Map& scores, const std::vector<bool>& marked) {
    const std::size_t count = count_of(marked);
    const std::vector<std::size_t> order = ranking(scores);
    const auto found = std::count_if(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count),
                                     [&](std::size_t unit) { return marked[unit]; });
    return static_cast<double>(found) / static_cast<double>(count);
}

double average_precision(const Map& scores, const std::vector<bool>& marked) {
    const std::vector<std::size_t> order = ranking(scores);
    const auto count = static_cast<double>(count_of(marked));
    double sum = 0;
    std::size_t found = 0;
    for (std::size_t first = 0; first < order.size();) {
        const std::size_t before = found;
        std::size_t last = first;
        for (; last < order.size() && scores[order[last]] == scores[order[first]]; ++last)
            found += marked[order[last]] ? 1 : 0;
        sum += static_cast<double>(found - before) / count * static_cast<double>(found) /
               static_cast<double>(last);
        first = last;
    }
    return sum;
}

double expected_average_precision(std::size_t units, std::size_t marked) {
    // The unit in place i is marked with probability m/n, and each of the i - 1 before it, given that one,
    // with (m - 1)/(n - 1).
    const auto n = static_cast<double>(units);
    const double others = units > 1 ? (static_cast<double>(marked) - 1) / (n - 1) : 0;
    double sum = 0;
    for (std::size_t i = 1; i <= units; ++i) {
        const auto place = static_cast<double>(i);
        sum += (1 + (place - 1) * others) / place;
    }
    return sum / n;
}

Plausibility plausibility(const Map& scores, const std::vector<bool>& marked) {
    const std::size_t count = count_of(marked);
    if (scores.size() != marked.size() || count == 0) {
        throw Error(ErrorCode::usage,
                    fmt::format("plausibility: {} scores, {} of {} units marked; expected a score for every "
                                "unit, and a unit that is marked",
                                scores.size(), count, marked.size()));
    }
    const double share = static_cast<double>(count) / static_cast<double>(marked.size());
    return {.token_f1 = {token_f1(scores, marked), share},
            .auprc = {average_precision(scores, marked), expected_average_precision(marked.size(), count)},
            .rationale_units = static_cast<int>(count)};
}

}  // namespace llmx::faithfulness
