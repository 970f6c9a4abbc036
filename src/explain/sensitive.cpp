#include "explain/sensitive.hpp"

#include "faithfulness/sensitivity.hpp"
#include "method/replay_function.hpp"
#include "unit/split.hpp"

namespace llmx {

namespace {

bool sees_function(const method::BoundMethod& method) {
    return method.definition->differentiate != nullptr || method.definition->score_row != nullptr;
}

}  // namespace

double sensitivity_evaluations(const Check& check, std::span<const method::BoundMethod> methods,
                               const method::Extent& extent) {
    double runs = 0;
    for (const method::BoundMethod& method : methods) {
        if (sees_function(method)) runs += check.sensitivity * method::evaluations(method, extent);
    }
    return runs;
}

void measure_sensitivity(const Request& request, std::span<const method::BoundMethod> methods,
                         const AttributionRun& explained, Explanation& result) {
    const Check& check = *request.check;
    if (check.sensitivity == 0) return;
    method::AttributionContext scene = explained.scene();
    const method::Extent extent{static_cast<std::size_t>(scene.sources), scene.units.size(),
                                explained.targets().facts.size()};
    scene.tick = ticker(request.progress, "sensitivity", sensitivity_evaluations(check, methods, extent));
    for (std::size_t i = 0; i < methods.size(); ++i) {
        if (!sees_function(methods[i])) continue;
        Attribution& entry = result.attributions[i];
        const Aggregation aggregation = unit::resolved(request.units.aggregation, entry.is_signed);
        const auto map_of = [&](method::Function& function) {
            return unit::aggregate(method::differentiate(function, methods[i]).scores, scene.units,
                                   aggregation);
        };
        method::ReplayFunction function(scene, methods[i].options.integer("layer"));
        entry.faithfulness->sensitivity_max =
            faithfulness::sensitivity_max(function, entry.scores, map_of, check.sensitivity, check.seed);
    }
}

}  // namespace llmx
