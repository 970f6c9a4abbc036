// Input x gradient: the inner product of each embedding with its gradient (Shrikumar et al. 2016;
// definitions 3).

#include "method/definition.hpp"

namespace llmx::method {

namespace {

double score(std::span<const float> row, std::span<const float> gradient, const Options&) {
    double sum = 0;
    for (std::size_t d = 0; d < row.size(); ++d) sum += static_cast<double>(row[d]) * gradient[d];
    return sum;
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
                                       .score_row = score};
    return definition;
}

}  // namespace llmx::method
