#include "method/path/path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>
#include <numeric>

namespace llmx::method {

std::vector<Option> baseline_options() {
    return {
        {.name = "baseline",
         .kind = Option::Kind::choice,
         .default_value = "token",
         .help = "where a path starts: token (the embedding of baseline_token), zero (vector), mean (of the "
                 "embedding table)",
         .words = {"token", "zero", "mean"},
         .several = true},
        {.name = "baseline_token",
         .kind = Option::Kind::integer,
         .default_value = "-1",
         .help = "id of the token that stands for absence; -1: the model's padding or end token",
         .low = -1,
         .several = true}};
}

Tensor baseline_of(Function& function, const Options& options) {
    return function.baseline(options.choice("baseline"), options.integer("baseline_token"));
}

void require_steps(const std::string& rule, int count) {
    const int least = rule == "trapezoid" ? 2 : 1;
    if (count < least)
        throw Error(ErrorCode::usage,
                    fmt::format("`steps`: got {}; {} takes {} or more", count, rule, least));
}

std::vector<PathNode> path_nodes(const std::string& rule, int count, const std::function<void()>& go_on) {
    require_steps(rule, count);
    if (rule == "gauss_legendre") return gauss_legendre(count, go_on);
    std::vector<PathNode> nodes(static_cast<std::size_t>(count));
    for (int k = 0; k < count; ++k) {
        if (rule == "midpoint") {
            nodes[static_cast<std::size_t>(k)] = {(k + 0.5) / count, 1.0 / count};
        } else {
            const bool end = k == 0 || k + 1 == count;
            nodes[static_cast<std::size_t>(k)] = {static_cast<double>(k) / (count - 1),
                                                  (end ? 0.5 : 1.0) / (count - 1)};
        }
    }
    return nodes;
}

Tensor between(const Tensor& from, const Tensor& to, double at) {
    Tensor point = from;
    for (std::size_t i = 0; i < point.values.size(); ++i) {
        const double start = from.values[i];
        point.values[i] = static_cast<float>(start + at * (to.values[i] - start));
    }
    return point;
}

void add_products(const Tensor& from, const Tensor& to, const TensorView<const float>& gradient,
                  const std::vector<bool>& fixed, double weight, std::span<double> sums) {
    for (std::size_t r = 0; r < sums.size(); ++r) {
        if (fixed[r]) continue;
        const auto a = from.row(r);
        const auto b = to.row(r);
        const float* g = gradient.row(static_cast<std::int64_t>(r));
        double sum = 0;
        for (std::size_t d = 0; d < a.size(); ++d) sum += (static_cast<double>(b[d]) - a[d]) * g[d];
        sums[r] += weight * sum;
    }
}

Completeness completeness(std::span<const double> scores, double f_input, double f_baseline) {
    const double sum = std::accumulate(scores.begin(), scores.end(), 0.0);
    return {f_input, f_baseline, sum - (f_input - f_baseline)};
}

double relative_residual(const Completeness& c, double total) {
    constexpr double rounding = 1e-5;
    if (std::abs(c.residual) <= rounding * (std::abs(c.f_input) + std::abs(c.f_baseline))) return 0;
    return std::abs(c.residual) / std::max(std::abs(c.f_input - c.f_baseline), total / 10);
}

double worst_residual(const Scores& scores) {
    double worst = 0;
    for (std::size_t t = 0; t < scores.completeness.size(); ++t) {
        double total = 0;
        for (const float score : scores.scores.row(t)) total += std::abs(static_cast<double>(score));
        worst = std::max(worst, relative_residual(scores.completeness[t], total));
    }
    return worst;
}

}  // namespace llmx::method
