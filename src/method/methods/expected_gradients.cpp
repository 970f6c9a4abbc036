// Expected gradients: integrated gradients averaged over baselines from a reference set (Erion et al. 2021;
// definitions 3). The set: the user's reference texts; or texts of the same length whose tokens are drawn
// from the vocabulary, each as likely, markup left out.

#include "method/definition.hpp"
#include "method/path/noise.hpp"
#include "method/path/sampled_path.hpp"

namespace llmx::method {

namespace {

Scores run(Function& function, const Options& options) {
    Random random(static_cast<std::uint64_t>(options.integer("seed")));
    return sampled_path(function, options.integer("samples"), random,
                        [&](Random& r) { return function.drawn(r); });
}

}  // namespace

const Definition& expected_gradients() {
    static const Definition definition{
        .name = "expected_gradients",
        .help = "integrated gradients averaged over baselines: `reference_texts`, or texts of random tokens",
        .source =
            "Erion et al. 2021: Improving performance of deep learning models with axiomatic attribution "
            "priors and expected gradients",
        .is_signed = true,
        .options = function_options(sampling_options("100")),
        .evaluations = [](const Extent&, const Options& o) { return 1.0 + 2.0 * o.integer("samples"); },
        .differentiate = run,
        .takes_references = true};
    return definition;
}

}  // namespace llmx::method
