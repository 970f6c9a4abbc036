// SmoothGrad-Squared: the mean of the squared gradient, entry by entry, over Gaussian noise on the embeddings
// (Hooker et al. 2019; definitions 3); a token's score is the size of its row, as of Captum's NoiseTunnel
// with smoothgrad_sq.

#include "method/definition.hpp"
#include "method/path/noisy_gradients.hpp"

namespace llmx::method {

namespace {

Scores run(Function& function, const Options& options) {
    const auto samples = static_cast<float>(options.integer("samples"));
    std::vector<Tensor> means = zero_gradients(function);
    at_noisy_points(function, options,
                    [&](std::size_t, std::size_t target, const TensorView<const float>& gradient) {
                        std::vector<float>& mean = means[target].values;
                        for (std::size_t i = 0; i < mean.size(); ++i)
                            mean[i] += gradient.data[i] * gradient.data[i] / samples;
                    });
    return {sizes(function, means, options.choice("norm"))};
}

}  // namespace

const Definition& smoothgrad_squared() {
    static const Definition definition{
        .name = "smoothgrad_squared",
        .help = "mean squared gradient over Gaussian noise on the embeddings",
        .source = "Hooker et al. 2019: A benchmark for interpretability methods in deep neural networks",
        .is_signed = false,
        .options = function_options(noisy_gradient_options()),
        .evaluations = one_a_sample,
        .differentiate = run};
    return definition;
}

}  // namespace llmx::method
