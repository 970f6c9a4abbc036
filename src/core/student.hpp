#pragma once
// Student's t distribution.

namespace llmx {

/// P(T >= t) for T with `freedom` degrees of freedom, 1 or more. By the finite series for whole degrees
/// (Abramowitz and Stegun, 26.7.3 and 26.7.4).
double student_upper_tail(double t, int freedom);

}  // namespace llmx
