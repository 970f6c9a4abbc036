#include "method/path/noisy_gradients.hpp"

#include "method/norm.hpp"
#include "method/path/noise.hpp"

namespace llmx::method {

std::vector<Option> noisy_gradient_options() {
    std::vector<Option> all = sampling_options("50");
    all.push_back(noise_option("0.1"));
    all.push_back(norm_option());
    return all;
}

double one_a_sample(const Extent& /*extent*/, const Options& options) { return options.integer("samples"); }

void at_noisy_points(Function& function, const Options& options, const Function::EachAt& each) {
    Random random(static_cast<std::uint64_t>(options.integer("seed")));
    const double sigma = deviation(function, options.number("noise"));
    function.gradients_at(
        static_cast<std::size_t>(options.integer("samples")),
        [&](std::size_t) { return noisy(function, function.input(), sigma, random); }, each);
}

std::vector<Tensor> zero_gradients(const Function& function) {
    return {function.targets(), Tensor::zero(function.input().shape)};
}

Tensor sizes(const Function& function, const std::vector<Tensor>& tensors, const std::string& norm) {
    Tensor found = Tensor::zero({static_cast<std::int64_t>(tensors.size()), function.input().shape[0]});
    for (std::size_t t = 0; t < tensors.size(); ++t) {
        for (std::size_t r = 0; r < function.fixed().size(); ++r) {
            if (function.fixed()[r]) continue;
            found.row(t)[r] = static_cast<float>(method::norm(tensors[t].row(r), norm));
        }
    }
    return found;
}

}  // namespace llmx::method
