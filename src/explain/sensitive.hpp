#pragma once
// Sensitivity-max of the methods that see a function.

#include <span>

#include "explain/attributions.hpp"

namespace llmx {

/// Runs of the model that it will take, as the methods count them.
double sensitivity_evaluations(const Check& check, std::span<const method::BoundMethod> methods,
                               const method::Extent& extent);

/// Check::sensitivity: fills it in beside the faithfulness of every attribution whose method sees a function;
/// the others are left out. `methods`: of the result's attributions, in their order.
void measure_sensitivity(const Request& request, std::span<const method::BoundMethod> methods,
                         const AttributionRun& explained, Explanation& result);

}  // namespace llmx
