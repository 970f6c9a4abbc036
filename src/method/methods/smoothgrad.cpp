// SmoothGrad: the mean gradient over Gaussian noise on the embeddings (Smilkov et al. 2017; definitions 3).

#include "method/definition.hpp"
#include "method/norm.hpp"
#include "method/path/noise.hpp"

namespace llmx::method {

namespace {

/// The mean gradient of every target, each of the input's shape.
std::vector<Tensor> mean_gradients(Function& function, const Options& options) {
    Random random(static_cast<std::uint64_t>(options.integer("seed")));
    const double sigma = deviation(function, options.number("noise"));
    const int samples = options.integer("samples");
    std::vector<Tensor> means(function.targets(), Tensor::zero(function.input().shape));
    function.gradients_at(
        static_cast<std::size_t>(samples),
        [&](std::size_t) { return noisy(function, function.input(), sigma, random); },
        [&](std::size_t, std::size_t target, const TensorView<const float>& gradient) {
            std::vector<float>& mean = means[target].values;
            for (std::size_t i = 0; i < mean.size(); ++i)
                mean[i] += gradient.data[i] / static_cast<float>(samples);
        });
    return means;
}

Scores run(Function& function, const Options& options) {
    const Tensor& input = function.input();
    const std::vector<Tensor> means = mean_gradients(function, options);
    Scores found{Tensor::zero({static_cast<std::int64_t>(means.size()), input.shape[0]})};
    found.is_signed = options.flag("times_input");
    for (std::size_t t = 0; t < means.size(); ++t) {
        for (std::size_t r = 0; r < function.fixed().size(); ++r) {
            if (function.fixed()[r]) continue;
            const auto gradient = means[t].row(r);
            double score = 0;
            if (*found.is_signed) {
                for (std::size_t d = 0; d < gradient.size(); ++d)
                    score += static_cast<double>(input.row(r)[d]) * gradient[d];
            } else {
                score = norm(gradient, options.choice("norm"));
            }
            found.scores.row(t)[r] = static_cast<float>(score);
        }
    }
    return found;
}

std::vector<Option> own_options() {
    std::vector<Option> all = sampling_options("50");
    all.push_back(noise_option("0.1"));
    all.push_back(norm_option());
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
        .evaluations = [](const Extent&,
                          const Options& o) { return static_cast<double>(o.integer("samples")); },
        .differentiate = run};
    return definition;
}

}  // namespace llmx::method
