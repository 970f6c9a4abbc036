// SmoothGrad: the mean gradient over Gaussian noise on the embeddings (Smilkov et al. 2017; definitions 3).

#include "method/definition.hpp"
#include "method/path/noisy_gradients.hpp"

namespace llmx::method {

namespace {

/// The mean gradient of every target, each of the input's shape.
std::vector<Tensor> mean_gradients(Function& function, const Options& options) {
    const auto samples = static_cast<float>(options.integer("samples"));
    std::vector<Tensor> means = zero_gradients(function);
    at_noisy_points(function, options,
                    [&](std::size_t, std::size_t target, const TensorView<const float>& gradient) {
                        std::vector<float>& mean = means[target].values;
                        for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += gradient.data[i] / samples;
                    });
    return means;
}

/// [targets, rows]: embedding times gradient.
Tensor times_input(const Function& function, const std::vector<Tensor>& gradients) {
    const Tensor& input = function.input();
    Tensor found = Tensor::zero({static_cast<std::int64_t>(gradients.size()), input.shape[0]});
    for (std::size_t t = 0; t < gradients.size(); ++t) {
        for (std::size_t r = 0; r < function.fixed().size(); ++r) {
            if (function.fixed()[r]) continue;
            const auto gradient = gradients[t].row(r);
            double score = 0;
            for (std::size_t d = 0; d < gradient.size(); ++d)
                score += static_cast<double>(input.row(r)[d]) * gradient[d];
            found.row(t)[r] = static_cast<float>(score);
        }
    }
    return found;
}

Scores run(Function& function, const Options& options) {
    const std::vector<Tensor> means = mean_gradients(function, options);
    const bool is_signed = options.flag("times_input");
    Scores found{is_signed ? times_input(function, means) : sizes(function, means, options.choice("norm"))};
    found.is_signed = is_signed;
    return found;
}

std::vector<Option> own_options() {
    std::vector<Option> all = noisy_gradient_options();
    all.push_back({.name = "times_input",
                   .kind = Option::Kind::flag,
                   .default_value = "false",
                   .help = "embedding times mean gradient, signed, instead of the mean gradient's size"});
    return function_options(std::move(all));
}

}  // namespace

const Definition& smoothgrad() {
    static const Definition definition{
        .name = "smoothgrad",
        .help = "mean gradient over Gaussian noise on the embeddings",
        .source = "Smilkov et al. 2017: SmoothGrad: removing noise by adding noise",
        .is_signed = false,
        .options = own_options(),
        .evaluations = one_a_sample,
        .differentiate = run};
    return definition;
}

}  // namespace llmx::method
