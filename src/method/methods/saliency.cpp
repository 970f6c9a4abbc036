// Saliency: the size of the gradient (Simonyan et al. 2014; definitions 3).

#include "method/definition.hpp"
#include "method/norm.hpp"

namespace llmx::method {

namespace {

Scores run(Function& function, const Options& options) {
    const auto rows = function.input().shape[0];
    Scores found{Tensor::zero({static_cast<std::int64_t>(function.targets()), rows})};
    const std::string& kind = options.word("norm");
    function.gradients(function.input(), [&](std::size_t target, const View<const float>& gradient) {
        for (std::int64_t r = 0; r < rows; ++r) {
            if (function.held()[r]) continue;
            found.scores.row(target)[r] = static_cast<float>(norm(row_of(gradient, r), kind));
        }
    });
    return found;
}

}  // namespace

const Definition& saliency() {
    static const Definition definition{.name = "saliency",
                                       .help = "size of the gradient at each token's embedding",
                                       .source = "Simonyan et al. 2014: Deep inside convolutional networks",
                                       .is_signed = false,
                                       .options = function_options({norm_option()}),
                                       .evaluations = [](const Extent&, const Options&) { return 1.0; },
                                       .differentiate = run};
    return definition;
}

}  // namespace llmx::method
