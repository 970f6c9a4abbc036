// Saliency: the size of the gradient (Simonyan et al. 2014; definitions 3).

#include "method/definition.hpp"
#include "method/norm.hpp"

namespace llmx::method {

namespace {

double score(std::span<const float>, std::span<const float> gradient, const Options& options) {
    return norm(gradient, options.choice("norm"));
}

}  // namespace

const Definition& saliency() {
    static const Definition definition{.name = "saliency",
                                       .help = "size of the gradient at each token's embedding",
                                       .source = "Simonyan et al. 2014: Deep inside convolutional networks",
                                       .is_signed = false,
                                       .options = function_options({norm_option()}),
                                       .evaluations = [](const Extent&, const Options&) { return 1.0; },
                                       .score_row = score};
    return definition;
}

}  // namespace llmx::method
