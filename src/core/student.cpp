#include "core/student.hpp"

#include <cmath>
#include <numbers>

namespace llmx {

double student_upper_tail(double t, int freedom) {
    const double theta = std::atan(t / std::sqrt(freedom));
    const double cosine2 = std::cos(theta) * std::cos(theta);
    // The series 1 + a cos^2 + a b cos^4 + ..., of freedom / 2 terms.
    const bool odd = freedom % 2 == 1;
    double sum = 0;
    double term = odd ? std::cos(theta) : 1;
    for (int k = odd ? 3 : 2; k <= freedom; k += 2) {
        sum += term;
        term *= cosine2 * (k - 1) / k;
    }
    // P(|T| <= |t|), with the sign of t.
    const double within =
        odd ? (theta + std::sin(theta) * sum) * 2 / std::numbers::pi : std::sin(theta) * sum;
    return (1 - within) / 2;
}

}  // namespace llmx
