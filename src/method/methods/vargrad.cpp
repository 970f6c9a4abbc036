// VarGrad: the variance of the gradient, entry by entry, over Gaussian noise on the embeddings (Adebayo et
// al. 2018; definitions 3); a token's score is the size of its row. The variance is that of the samples
// drawn, divided by their number, as of Captum's NoiseTunnel with vargrad. It is accumulated from deviations
// of the running mean (Welford): the difference of two means of squares, as Captum forms it, loses its digits
// where the gradient hardly varies.

#include "method/definition.hpp"
#include "method/path/noisy_gradients.hpp"

namespace llmx::method {

namespace {

Scores run(Function& function, const Options& options) {
    const auto samples = static_cast<float>(options.integer("samples"));
    std::vector<Tensor> means = zero_gradients(function);
    std::vector<Tensor> variances = zero_gradients(function);
    at_noisy_points(function, options,
                    [&](std::size_t sample, std::size_t target, const TensorView<const float>& gradient) {
                        const auto number = static_cast<float>(sample + 1);
                        std::vector<float>& mean = means[target].values;
                        std::vector<float>& variance = variances[target].values;
                        for (std::size_t i = 0; i < mean.size(); ++i) {
                            const float off = gradient.data[i] - mean[i];
                            mean[i] += off / number;
                            variance[i] += off * (gradient.data[i] - mean[i]) / samples;
                        }
                    });
    return {sizes(function, variances, options.choice("norm"))};
}

}  // namespace

const Definition& vargrad() {
    static const Definition definition{
        .name = "vargrad",
        .help = "variance of the gradient under Gaussian noise on the embeddings",
        .source =
            "Adebayo et al. 2018: Local explanation methods for deep neural networks lack sensitivity "
            "to parameter values",
        .is_signed = false,
        .options = function_options(noisy_gradient_options()),
        .evaluations = one_a_sample,
        .differentiate = run};
    return definition;
}

}  // namespace llmx::method
