#include "faithfulness/random_maps.hpp"

#include <cmath>

#include "core/student.hpp"

namespace llmx::faithfulness {

Faithfulness::Number beside(double value, std::span<const double> random, double sign) {
    Faithfulness::Number number{.value = value};
    const auto count = static_cast<double>(random.size());
    for (const double r : random) number.random += r / count;
    double squares = 0;
    for (const double r : random) squares += std::pow(r - number.random, 2);
    number.random_deviation = std::sqrt(squares / (count - 1));
    // One more draw from the random rankings' distribution, if it is normal.
    const double scale = number.random_deviation * std::sqrt(1 + 1 / count);
    if (scale > 0)
        number.p_value =
            student_upper_tail(sign * (number.value - number.random) / scale, static_cast<int>(count) - 1);
    return number;
}

}  // namespace llmx::faithfulness
