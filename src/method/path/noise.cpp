#include "method/path/noise.hpp"

#include <cmath>

namespace llmx::method {

std::vector<Option> sampling_options(std::string_view samples) {
    return {{.name = "samples",
             .kind = Option::Kind::integer,
             .default_value = samples,
             .help = "how many points are drawn",
             .low = 2,
             .high = 1e6},
            {.name = "seed",
             .kind = Option::Kind::integer,
             .default_value = "0",
             .help = "of random numbers; the same seed gives the same result"}};
}

Option noise_option(std::string_view default_value) {
    return {.name = "noise",
            .kind = Option::Kind::number,
            .default_value = default_value,
            .help = "deviation of the Gaussian noise on the embeddings, over their root mean square",
            .low = 0,
            .high = 100};
}

double deviation(const Function& function, double level) {
    const Tensor& input = function.input();
    double squares = 0;
    std::size_t count = 0;
    for (std::size_t r = 0; r < function.fixed().size(); ++r) {
        if (function.fixed()[r]) continue;
        for (const float x : input.row(r)) squares += static_cast<double>(x) * x;
        count += input.row(r).size();
    }
    return count == 0 ? 0 : level * std::sqrt(squares / static_cast<double>(count));
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
