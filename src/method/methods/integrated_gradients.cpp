// Integrated gradients: the gradient's mean along a straight path from a baseline, times the way
// (Sundararajan et al. 2017; definitions 3).

#include <fmt/format.h>

#include <algorithm>

#include "method/definition.hpp"
#include "method/path/path.hpp"

namespace llmx::method {

namespace {

constexpr int first_steps = 25;  // of "auto", which doubles them
constexpr int most_steps = 400;

bool is_auto(const Options& options) { return options.choice("steps") == "auto"; }

class Integral {
public:
    Integral(Function& function, Tensor baseline)
        : function_(function),
          baseline_(std::move(baseline)),
          f_input_(function.values(function.input())),
          f_baseline_(function.values(baseline_)) {}

    void run(const std::vector<PathNode>& nodes) {
        const Tensor& input = function_.input();
        rows_ = static_cast<std::size_t>(input.shape[0]);
        sums_.assign(function_.targets() * rows_, 0.0);
        function_.gradients_at(
            nodes.size(), [&](std::size_t k) { return between(baseline_, input, nodes[k].at); },
            [&](std::size_t k, std::size_t target, const TensorView<const float>& gradient) {
                add_products(baseline_, input, gradient, function_.fixed(), nodes[k].weight, of(target));
            });
    }

    [[nodiscard]] Scores scores() {
        Scores found{
            Tensor::zero({static_cast<std::int64_t>(function_.targets()), static_cast<std::int64_t>(rows_)})};
        for (std::size_t t = 0; t < function_.targets(); ++t) {
            std::transform(of(t).begin(), of(t).end(), found.scores.row(t).begin(),
                           [](double s) { return static_cast<float>(s); });
            found.completeness.push_back(completeness(of(t), f_input_[t], f_baseline_[t]));
        }
        return found;
    }

private:
    std::span<double> of(std::size_t target) { return std::span(sums_).subspan(target * rows_, rows_); }

    Function& function_;
    Tensor baseline_;
    std::vector<double> f_input_, f_baseline_;
    std::size_t rows_ = 0;
    std::vector<double> sums_;  // [targets, rows]
};

Scores run(Function& function, const Options& options) {
    const bool automatic = is_auto(options);
    int steps = automatic ? first_steps : options.integer("steps");
    const std::string& rule = options.choice("rule");
    const auto go_on = [&] { function.go_on(); };
    std::vector<PathNode> nodes = path_nodes(rule, steps, go_on);
    Integral integral(function, baseline_of(function, options));
    integral.run(nodes);
    Scores found = integral.scores();
    while (automatic && worst_residual(found) > tolerated_residual && steps < most_steps) {
        steps *= 2;
        nodes = path_nodes(rule, steps, go_on);
        integral.run(nodes);
        found = integral.scores();
    }
    if (automatic) found.notes["steps"] = std::to_string(steps);
    const double missed = worst_residual(found);
    if (missed > tolerated_residual) {
        found.warnings.push_back(fmt::format(
            "the scores miss f(input) - f(baseline) by up to {:.1f} % of it with {} steps; {}", 100 * missed,
            steps,
            automatic ? fmt::format("no more than {} were tried; in a chat, `hold` template keeps the "
                                    "template on the path, which helps most",
                                    most_steps)
                      : fmt::format("`hold` template helps most in a chat; `steps` auto finds the "
                                    "number that keeps it under {:.0f} %",
                                    100 * tolerated_residual)));
    }
    return found;
}

double evaluations(const Extent&, const Options& options) {
    const int steps = is_auto(options) ? first_steps : options.integer("steps");
    require_steps(options.choice("rule"), steps);
    return 2.0 + steps;
}

std::vector<Option> own_options() {
    std::vector<Option> all = {
        {.name = "steps",
         .kind = Option::Kind::integer,
         .default_value = "50",
         .help = "points of the path, or auto: doubled until the completeness residual is under 5 %",
         .low = 1,
         .high = 10000,
         .words = {"auto"}},
        {.name = "rule",
         .kind = Option::Kind::choice,
         .default_value = "gauss_legendre",
         .help = "how the path is integrated: gauss_legendre, midpoint, or trapezoid (with both ends)",
         .words = {"gauss_legendre", "midpoint", "trapezoid"}}};
    const std::vector<Option> baseline = baseline_options();
    all.insert(all.end(), baseline.begin(), baseline.end());
    return function_options(std::move(all));
}

}  // namespace

const Definition& integrated_gradients() {
    static const Definition definition{
        .name = "integrated_gradients",
        .help = "gradient along the path from a baseline; sums to the difference of f",
        .source = "Sundararajan et al. 2017: Axiomatic attribution for deep networks",
        .is_signed = true,
        .options = own_options(),
        .evaluations = evaluations,
        .differentiate = run};
    return definition;
}

}  // namespace llmx::method
