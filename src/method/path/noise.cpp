#include "method/path/noise.hpp"

#include <algorithm>

namespace llmx::method {

std::vector<Option> sampling_options(std::string_view samples) {
    return {{.name = "samples",
             .kind = Option::Kind::integer,
             .default_value = samples,
             .help = "how many points (gradient methods) or coalitions (perturbation methods) are drawn",
             .low = 2,
             .high = 1e6},
            {.name = "seed",
             .kind = Option::Kind::integer,
             .default_value = "0",
             .help = "of random numbers; the same seed gives the same result"}};
}

Option noise_option(std::string_view default_value) {
    return {
        .name = "noise",
        .kind = Option::Kind::number,
        .default_value = default_value,
        .help = "deviation of the Gaussian noise on the embeddings, over their largest minus smallest value",
        .low = 0,
        .high = 100};
}

double deviation(const Function& function, double level) {
    const Tensor& input = function.input();
    double smallest = 0;
    double largest = 0;
    bool any = false;
    for (std::size_t r = 0; r < function.fixed().size(); ++r) {
        if (function.fixed()[r]) continue;
        const auto [low, high] = std::minmax_element(input.row(r).begin(), input.row(r).end());
        smallest = any ? std::min<double>(smallest, *low) : *low;
        largest = any ? std::max<double>(largest, *high) : *high;
        any = true;
    }
    return level * (largest - smallest);
}

Tensor noisy(const Function& function, const Tensor& point, double deviation, Random& random) {
    Tensor moved = point;
    for (std::size_t r = 0; r < function.fixed().size(); ++r) {
        if (function.fixed()[r]) continue;
        for (float& x : moved.row(r)) x = static_cast<float>(x + deviation * random.normal());
    }
    return moved;
}

}  // namespace llmx::method
