// GradientSHAP: integrated gradients in expectation, over noisy baselines and random points of their paths
// (Lundberg and Lee 2017; definitions 3). The noise lies on the baseline; Captum's GradientShap adds it to
// the input and draws baselines from a given set.

#include "method/definition.hpp"
#include "method/path/noise.hpp"
#include "method/path/path.hpp"
#include "method/path/sampled_path.hpp"

namespace llmx::method {

namespace {

Scores run(Function& function, const Options& options) {
    Random random(static_cast<std::uint64_t>(options.integer("seed")));
    const Tensor baseline = baseline_of(function, options);
    const double sigma = deviation(function, options.number("noise"));
    return sampled_path(function, options.integer("samples"), random,
                        [&](Random& r) { return noisy(function, baseline, sigma, r); });
}

std::vector<Option> own_options() {
    std::vector<Option> all = sampling_options("50");
    all.push_back(noise_option("0.1"));
    const std::vector<Option> baseline = baseline_options();
    all.insert(all.end(), baseline.begin(), baseline.end());
    return function_options(std::move(all));
}

}  // namespace

const Definition& gradient_shap() {
    static const Definition definition{
        .name = "gradient_shap",
        .help = "gradients at random points between noisy baselines and the input",
        .source = "Lundberg and Lee 2017: A unified approach to interpreting model predictions",
        .is_signed = true,
        .options = own_options(),
        .evaluations = [](const Extent&, const Options& o) { return 1.0 + 2.0 * o.integer("samples"); },
        .differentiate = run};
    return definition;
}

}  // namespace llmx::method
