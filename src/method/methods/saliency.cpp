// Saliency: the size of the gradient (Simonyan et al. 2014; definitions 3).

#include <cmath>

#include "method/definition.hpp"

namespace llmx::method {

namespace {

double norm(const float* row, std::int64_t width, const std::string& kind) {
    double sum = 0;
    double largest = 0;
    for (std::int64_t d = 0; d < width; ++d) {
        const double g = row[d];
        sum += kind == "l2" ? g * g : std::abs(g);
        largest = std::max(largest, std::abs(g));
    }
    if (kind == "max_abs") return largest;
    if (kind == "mean_abs") return sum / static_cast<double>(width);
    return kind == "l2" ? std::sqrt(sum) : sum;
}

Scores run(Function& function, const Options& options) {
    const auto rows = function.input().shape[0];
    Scores found{Tensor::zero({static_cast<std::int64_t>(function.targets()), rows})};
    const std::string& kind = options.word("norm");
    function.gradients(function.input(), [&](std::size_t target, const View<const float>& gradient) {
        for (std::int64_t r = 0; r < rows; ++r) {
            if (function.held()[r]) continue;
            found.scores.row(target)[r] = static_cast<float>(norm(gradient.row(r), gradient.columns(), kind));
        }
    });
    return found;
}

}  // namespace

const Definition& saliency() {
    static const Definition definition{
        .name = "saliency",
        .help = "size of the gradient at each token's embedding (Simonyan et al. 2014)",
        .is_signed = false,
        .options = {{.name = "norm",
                     .kind = Option::Kind::word,
                     .fallback = "l2",
                     .help = "size of a gradient: l2, l1, max_abs or mean_abs",
                     .words = {"l2", "l1", "max_abs", "mean_abs"}}},
        .evaluations = [](const Extent&, const Options&) { return 1.0; },
        .differentiate = run};
    return definition;
}

}  // namespace llmx::method
