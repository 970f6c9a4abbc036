// Input x gradient: the inner product of each embedding with its gradient (Shrikumar et al. 2016;
// definitions 3).

#include "method/definition.hpp"

namespace llmx::method {

namespace {

Scores run(Function& function, const Options&) {
    const Tensor& input = function.input();
    const auto rows = input.shape[0];
    Scores found{Tensor::zero({static_cast<std::int64_t>(function.targets()), rows})};
    function.gradients(input, [&](std::size_t target, const View<const float>& gradient) {
        for (std::int64_t r = 0; r < rows; ++r) {
            if (function.held()[r]) continue;
            const auto row = input.row(r);
            double sum = 0;
            for (std::size_t d = 0; d < row.size(); ++d)
                sum += static_cast<double>(row[d]) * gradient.row(r)[d];
            found.scores.row(target)[r] = static_cast<float>(sum);
        }
    });
    return found;
}

}  // namespace

const Definition& input_x_gradient() {
    static const Definition definition{.name = "input_x_gradient",
                                       .help = "embedding times gradient, summed over the embedding",
                                       .source =
                                           "Shrikumar et al. 2016: Not just a black box: learning important "
                                           "features through propagating activation differences",
                                       .is_signed = true,
                                       .options = function_options({}),
                                       .evaluations = [](const Extent&, const Options&) { return 1.0; },
                                       .differentiate = run};
    return definition;
}

}  // namespace llmx::method
